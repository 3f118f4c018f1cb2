"""The JSON API for programs."""

from mailer.web.visits import Area

router = Area(prefix="/api/v1", include_in_schema=True)
