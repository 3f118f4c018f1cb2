"""The operator's desk: pages behind a sign-in, one subject a file."""
