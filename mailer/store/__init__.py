"""Where everything is kept: tables, and one module of statements per group of them.

Statements take an open connection and return frozen values; transactions belong to the flows.
"""
