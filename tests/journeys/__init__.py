"""In by the command line, out at a real mail server."""
