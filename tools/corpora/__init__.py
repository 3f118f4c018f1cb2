"""Public test data of other projects, tried on our parsers: `make corpora`.

The data come as source distributions from the package registry, pinned by hash, and stay outside
the repository. What they taught stands, in our own words, among the tests.
"""
