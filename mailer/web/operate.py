"""The operator's desk: all its pages."""

from mailer.web.desk import (
    dashboard,
    deliveries,
    feeds,
    newsletters,
    readers,
    runs,
    schedules,
    signing_in,
    stories,
    tags,
    webhooks,
)
from mailer.web.visits import Area

router = Area()
for _pages in (
    dashboard,
    signing_in,
    runs,
    deliveries,
    schedules,
    stories,
    tags,
    feeds,
    newsletters,
    readers,
    webhooks,
):
    router.include_router(_pages.router)
