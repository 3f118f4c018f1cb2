"""What the mailer promises, as tests that can fail: a mirror of the code, and whole journeys."""
