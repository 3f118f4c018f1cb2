"""Programs of the workshop: they make files that the mailer reads or the documents show."""
