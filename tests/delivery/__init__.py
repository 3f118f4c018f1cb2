"""Tests of the backends, and the loopback servers they talk to."""
