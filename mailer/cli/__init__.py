"""The command line: one noun a file. It asks; the flows do."""
