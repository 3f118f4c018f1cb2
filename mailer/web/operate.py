"""The operator's desk."""

from mailer.web.visits import Area

router = Area()
