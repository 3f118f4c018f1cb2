"""Tests of the operator's desk: who signs in, what comes back by mail, what programs may do."""
