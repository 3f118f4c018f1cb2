"""Tests of the flows, on both databases."""
