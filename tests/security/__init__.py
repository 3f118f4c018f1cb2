"""Threats of SECURITY.md: one test a row, and for each a mutation that makes it red."""
