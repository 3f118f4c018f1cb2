"""A newsletter and alert mailer for news sites: tagged stories in, personal digests out."""

__version__ = "0.1.0"
