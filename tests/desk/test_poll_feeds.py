"""Polled feeds against a real web server: asked politely, by one, their trouble on record."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest

from mailer.core.feeds import wait_after
from mailer.errors import InputError, NotFoundError
from mailer.flows.poll_feeds import FeedPoller
from mailer.ingest.fetch import fetch
from mailer.store.audit import list_changes
from mailer.store.database import Database
from mailer.store.feeds import Feed, list_feeds
from mailer.store.stories import latest_stories
from tests.builders import NOON
from tests.ingest.web_servers import http_server, send

EVERY = timedelta(minutes=15)


class Newsroom:
    """A JSON feed over HTTP: what it holds, how it answers, what it was asked."""

    def __init__(self) -> None:
        self.stories = [("s1", NOON - timedelta(days=9))]
        self.status = 200
        self.asked: list[tuple[str | None, str | None]] = []
        self.now = NOON
        self.url = ""

    def clock(self) -> datetime:
        return self.now

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        known = request.headers["If-None-Match"]
        self.asked.append((known, request.headers["If-Modified-Since"]))
        etag = f'"{len(self.stories)}"'
        if self.status != 200:
            send(request, b"", self.status)
        elif known == etag:
            send(request, b"", 304)
        else:
            send(request, self.feed(), ETag=etag, Last_Modified="Thu, 22 Oct 2026 07:00:00 GMT")

    def feed(self) -> bytes:
        items = [
            {
                "id": uid,
                "url": f"stories/{uid}",
                "title": uid,
                "content_html": "<p>x</p>",
                "date_published": at.isoformat(),
            }
            for uid, at in self.stories
        ]
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items}
        return json.dumps(feed).encode()


@contextmanager
def served() -> Iterator[Newsroom]:
    room = Newsroom()
    with http_server(room.answer) as url:
        room.url = f"{url}/feed.json"
        yield room


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    """A feed that is up."""
    with served() as room:
        yield room


@pytest.fixture
def poller(database: Database, newsroom: Newsroom) -> FeedPoller:
    """Who polls it."""
    return FeedPoller(database, newsroom.clock, partial(fetch, allow_loopback=True))


def the_feed(database: Database) -> Feed:
    with database.read() as connection:
        (feed,) = list_feeds(connection)
    return feed


def eligible(database: Database) -> dict[str, datetime]:
    with database.read() as connection:
        return {story.uid: story.eligible_at for story in latest_stories(connection, 10)}


def test_a_feed_is_read_when_added_and_asked_for_news_when_due(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    added = poller.add(newsroom.url, tags=("wire",), actor="test")
    assert added.report is not None
    assert added.report.new_count == 1
    assert added.report.stories[0].url == newsroom.url.replace("feed.json", "stories/s1")
    # An archive is no news: its stories count as of their publication.
    assert eligible(database) == {"s1": NOON - timedelta(days=9)}
    assert list(poller.poll_due()) == []

    newsroom.now += EVERY
    (same,) = poller.poll_due()
    assert (same.report, same.error) == (None, "")
    assert newsroom.asked == [(None, None), ('"1"', "Thu, 22 Oct 2026 07:00:00 GMT")]
    assert list(poller.poll_due()) == []

    newsroom.now += EVERY
    newsroom.stories.append(("s2", NOON - timedelta(hours=1)))
    (brought,) = poller.poll_due()
    assert brought.report is not None
    assert (brought.report.new_count, brought.report.unchanged_count) == (1, 1)
    assert all("wire" in story.tags for story in brought.report.stories)
    # What a known feed brings late is news when it arrives.
    assert eligible(database)["s2"] == newsroom.now
    assert the_feed(database).etag == '"2"'
    with database.read() as connection:
        assert [entry.action for entry in list_changes(connection)] == ["feed added"]


def test_a_feed_in_trouble_is_asked_less_often_and_says_why(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    poller.add(newsroom.url, actor="test")
    newsroom.status = 503
    waits = []
    for _ in range(9):
        newsroom.now = the_feed(database).due_at
        (look,) = poller.poll_due()
        assert "answered 503" in look.error
        waits.append((the_feed(database).due_at - newsroom.now) / EVERY)
    assert waits == [2, 4, 8, 16, 32, 64, 96, 96, 96]
    broken = the_feed(database)
    assert (broken.failure_count, broken.succeeded_at) == (9, NOON)
    assert "answered 503" in broken.last_error
    assert broken.etag == '"1"'

    newsroom.status = 200
    newsroom.now = broken.due_at
    (look,) = poller.poll_due()
    assert look.error == ""
    mended = the_feed(database)
    assert (mended.failure_count, mended.last_error) == (0, "")
    assert mended.due_at == newsroom.now + EVERY


def test_of_many_who_look_one_asks(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    poller.add(newsroom.url, actor="test")
    newsroom.now += EVERY
    first, second = poller.poll_due(), poller.poll_due(lambda: list(first) is not None)
    # The second has read the same due feed, and the first claims and polls it in between.
    assert list(second) == []
    assert len(newsroom.asked) == 2


def test_whoever_died_while_asking_is_followed_by_another(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    poller.add(newsroom.url, actor="test")
    newsroom.now += EVERY
    with pytest.raises(KeyboardInterrupt):
        list(FeedPoller(database, newsroom.clock, die).poll_due())  # type: ignore[arg-type]  # it never returns
    assert list(poller.poll_due()) == []
    newsroom.now += timedelta(minutes=5)
    assert len(list(poller.poll_due())) == 1


@pytest.mark.parametrize(("status", "kept"), [(404, 0), (503, 1)])
def test_a_wrong_address_is_refused_and_a_server_in_trouble_is_not(
    database: Database, newsroom: Newsroom, poller: FeedPoller, status: int, kept: int
) -> None:
    newsroom.status = status
    if kept:
        assert "answered 503" in poller.add(newsroom.url, actor="test").error
    else:
        with pytest.raises(InputError, match="answered 404"):
            poller.add(newsroom.url, actor="test")
    with database.read() as connection:
        assert len(list_feeds(connection)) == kept


def test_addresses_inside_our_network_are_refused(database: Database, newsroom: Newsroom) -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1"):
        FeedPoller(database, newsroom.clock).add(newsroom.url, actor="test")
    assert newsroom.asked == []


def test_a_feed_is_added_once_and_can_be_removed(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    poller.add(newsroom.url, actor="test")
    with pytest.raises(InputError, match="polled already"):
        poller.add(newsroom.url, actor="test")
    with pytest.raises(InputError, match="every minute at most"):
        poller.add(newsroom.url + "?2", every=timedelta(seconds=5), actor="test")
    assert len(list(poller.poll_now())) == len(list(poller.poll_now(newsroom.url))) == 1
    poller.remove(newsroom.url, actor="test")
    for gone in (partial(poller.remove, actor="test"), lambda url: list(poller.poll_now(url))):
        with pytest.raises(NotFoundError, match="no feed"):
            gone(newsroom.url)
    assert list(eligible(database)) == ["s1"]


def test_stories_that_cannot_be_taken_are_named(
    database: Database, newsroom: Newsroom, poller: FeedPoller
) -> None:
    newsroom.stories.append(("", NOON))
    poller.add(newsroom.url, actor="test")
    feed = the_feed(database)
    assert feed.failure_count == 0
    assert feed.last_error.startswith("1 rejected, first ")


def test_a_rare_feed_is_never_asked_more_often_for_failing() -> None:
    assert wait_after(timedelta(days=1), 5) == timedelta(days=1)
    assert wait_after(timedelta(minutes=1), 0) == timedelta(minutes=1)
