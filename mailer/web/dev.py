"""The developer's previews; never in production."""

from mailer.web.visits import Area

router = Area()
