"""Tests of reading what comes back."""
