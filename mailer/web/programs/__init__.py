"""The JSON API: what programs read and write, one noun a file."""
