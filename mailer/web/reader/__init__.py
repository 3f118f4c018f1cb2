"""The reader's own pages: subscribe, confirm, preferences, unsubscribe, mute."""

from mailer.web.visits import Area

router = Area()
