"""The operator's desk: all its pages."""

from mailer.web.desk import (
    dashboard,
    deliveries,
    readers,
    runs,
    schedules,
    signing_in,
    stories,
)
from mailer.web.visits import Area

router = Area()
for _pages in (dashboard, signing_in, runs, deliveries, schedules, stories, readers):
    router.include_router(_pages.router)
