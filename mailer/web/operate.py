"""The operator's desk: all its pages."""

from mailer.web.desk import (
    dashboard,
    deliveries,
    feeds,
    imports,
    keys,
    letters,
    newsletters,
    operators,
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
    letters,
    deliveries,
    schedules,
    stories,
    tags,
    feeds,
    newsletters,
    # Before the reader's page, whose path it would be.
    imports,
    readers,
    webhooks,
    operators,
    keys,
):
    router.include_router(_pages.router)
