"""The public pages: archive, stories, view in browser, send to a friend."""

from mailer.web.visits import Area

router = Area()
