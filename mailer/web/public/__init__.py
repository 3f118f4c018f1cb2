"""The public pages: archive, stories, view in browser, send to a friend."""

from mailer.web.public import archive, friends, stories, views
from mailer.web.visits import Area

router = Area()
for part in (archive, friends, stories, views):
    router.include_router(part.router)
