"""Polled feeds: what they are, when they are due, how the last look went."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from mailer.core.feeds import wait_after
from mailer.errors import InputError
from mailer.store.feed_tables import feeds

# Longer than a fetch and its ingest may take: whoever claimed the feed has died.
_CLAIM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `tags` are put on each of its stories; `last_error` is empty when all went well.

    `story_count` is how many new stories it has brought; while `paused_at` is set it is not due.
    """

    id: int
    url: str
    tags: tuple[str, ...]
    every: timedelta
    due_at: datetime
    etag: str
    last_modified: str
    polled_at: datetime | None
    succeeded_at: datetime | None
    failure_count: int
    last_error: str
    paused_at: datetime | None = None
    story_count: int = 0


def add_feed_row(
    connection: Connection, url: str, tags: tuple[str, ...], every: timedelta, now: datetime
) -> Feed:
    """Add a feed, claimed by whoever adds it; raises InputError when it is there."""
    if find_feed(connection, url) is not None:
        raise InputError(f"'{url}' is polled already: see 'mailer feeds list'")
    row = connection.execute(
        insert(feeds)
        .values(
            url=url,
            tags=list(tags),
            every_seconds=int(every.total_seconds()),
            added_at=now,
            due_at=now + _CLAIM,
            etag="",
            last_modified="",
            failure_count=0,
            last_error="",
        )
        .returning(feeds)
    ).one()
    return _feed(row)


def find_feed(connection: Connection, url: str) -> Feed | None:
    """Return the feed of this address."""
    row = connection.execute(select(feeds).where(feeds.c.url == url)).one_or_none()
    return None if row is None else _feed(row)


def find_feed_by_id(connection: Connection, feed_id: int) -> Feed | None:
    """Return the feed of this id."""
    row = connection.execute(select(feeds).where(feeds.c.id == feed_id)).one_or_none()
    return None if row is None else _feed(row)


def list_feeds(connection: Connection) -> list[Feed]:
    """Return all feeds, oldest first."""
    return [_feed(row) for row in connection.execute(select(feeds).order_by(feeds.c.id))]


def remove_feed_row(connection: Connection, url: str) -> bool:
    """Remove a feed; its stories stay. False when there is none."""
    return connection.execute(delete(feeds).where(feeds.c.url == url)).rowcount > 0


def pause_feed_row(connection: Connection, url: str, paused_at: datetime | None) -> bool:
    """Set or lift a feed's pause; False when it was so already, or there is none."""
    was = feeds.c.paused_at.is_(None) if paused_at else feeds.c.paused_at.is_not(None)
    moved = connection.execute(
        update(feeds).where(feeds.c.url == url, was).values(paused_at=paused_at)
    )
    return moved.rowcount > 0


def due_feeds(connection: Connection, now: datetime) -> list[Feed]:
    """Return the feeds whose time has come, the one that waited longest first."""
    query = (
        select(feeds)
        .where(feeds.c.due_at <= now, feeds.c.paused_at.is_(None))
        .order_by(feeds.c.due_at, feeds.c.id)
    )
    return [_feed(row) for row in connection.execute(query)]


def claim_feed(connection: Connection, feed: Feed, now: datetime) -> bool:
    """Take a feed as it was read for this look; False when somebody else has."""
    claimed = connection.execute(
        update(feeds)
        .where(feeds.c.id == feed.id, feeds.c.due_at == feed.due_at)
        .values(due_at=now + _CLAIM)
    )
    return claimed.rowcount > 0


def record_success(
    connection: Connection,
    feed: Feed,
    *,
    etag: str,
    last_modified: str,
    note: str,
    new_count: int,
    now: datetime,
) -> None:
    """Write down a look that went well; `note` names what of the feed could not be taken."""
    connection.execute(
        update(feeds)
        .where(feeds.c.id == feed.id)
        .values(
            etag=etag,
            last_modified=last_modified,
            polled_at=now,
            succeeded_at=now,
            failure_count=0,
            last_error=note,
            due_at=now + feed.every,
            story_count=feeds.c.story_count + new_count,
        )
    )


def record_failure(connection: Connection, feed: Feed, error: str, now: datetime) -> None:
    """Write down a look that failed: the next waits longer."""
    failures = feed.failure_count + 1
    connection.execute(
        update(feeds)
        .where(feeds.c.id == feed.id)
        .values(
            polled_at=now,
            failure_count=failures,
            last_error=error,
            due_at=now + wait_after(feed.every, failures),
        )
    )


def _feed(row: Row[tuple[object, ...]]) -> Feed:
    return Feed(
        row.id,
        row.url,
        tuple(row.tags),
        timedelta(seconds=row.every_seconds),
        row.due_at,
        row.etag,
        row.last_modified,
        row.polled_at,
        row.succeeded_at,
        row.failure_count,
        row.last_error,
        row.paused_at,
        row.story_count,
    )
