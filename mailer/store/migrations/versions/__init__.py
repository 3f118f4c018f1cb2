"""Schema migrations, oldest first; applied by `mailer db upgrade`."""
