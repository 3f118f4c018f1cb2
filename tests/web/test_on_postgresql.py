"""What pages and the API ask of the store, once more on PostgreSQL: a few tests of each kind.

The store is tested on both databases statement by statement; here it is the way through it that
counts: the same tests as elsewhere, in an installation on the other database.
"""

from collections.abc import Iterator
from datetime import datetime

import pytest

from mailer.bootstrap import Installation, open_installation
from mailer.settings import Settings
from tests.web import test_api, test_desk_day, test_preferences, test_subscribing
from tests.web import test_webhooks as webhooks_tests
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import staffed

api = test_api.api
browser = test_desk_day.browser


@pytest.fixture(params=["postgresql"])
def database_url(postgres_url: str) -> str:
    """PostgreSQL alone."""
    return postgres_url


@pytest.fixture
def open_room(seeded_url: str) -> Iterator[Opener]:
    """Open an installation on the seeds, with settings of the test's own."""
    rooms = []

    def opener(now: datetime = SEED_MORNING, **changes: object) -> Installation:
        values = {"backend": "memory", "public_url": "https://news.example"} | changes
        settings = Settings(database_url=seeded_url, **values)  # type: ignore[arg-type]
        rooms.append(open_installation(settings, clock=lambda: now))
        return rooms[-1]

    yield opener
    for room in rooms:
        room.close()


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """With one operator of each role."""
    return staffed(open_room())


# The longest way of each kind: what it writes is what the others read.
test_a_story_by_the_api = test_api.test_a_cms_posts_a_story_and_sees_it_mailed
test_a_named_request = test_api.test_a_named_request_is_done_once
test_pages_of_a_list = test_api.test_pages_follow_each_other_without_a_gap
test_readers_at_the_desk = test_desk_day.test_readers_are_imported_after_a_look_suppressed_and_freed
test_a_webhook_of_a_program = webhooks_tests.test_a_program_keeps_its_webhook
test_subscribing_by_the_form = test_subscribing.test_from_the_form_to_the_welcome
test_erasing = test_preferences.test_erasing_leaves_no_trace_but_a_suppression
