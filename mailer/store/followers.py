"""Preferences as a run sees them: who is asked, from which cursor on, and in which shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    update,
)

from mailer.core.readers import Cadence, Follow, Follower, Mute, ReaderState
from mailer.core.schedules import Lane
from mailer.store.bulk import among
from mailer.store.readers import reader_of
from mailer.store.tables import follows, mutes, readers, stories, subscriptions

# Looking it up is a fifth of asking the enum, and a reader has one for each follow.
_CADENCES = {each.value: each for each in Cadence}
# An urgent story older than that is no alert any more.
URGENT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom a run asks: the readers of a newsletter with follows of a cadence, as of a moment.

    `lane` narrows them to those who get an issue at the same moment. With `urgent`, readers of
    all other cadences are asked too, for urgent stories alone.
    """

    newsletter_id: int
    cadence: Cadence
    as_of: datetime
    lane: Lane | None = None
    urgent: bool = False


# What reader_of reads: half of what a reader's row has, and she has a row for each follow.
_READER = tuple(
    readers.c[name]
    for name in (
        *("id", "email", "email_key", "name", "state", "locale", "timezone", "hour", "format"),
        *("quiet", "paused_until_at", "created_at"),
    )
)


def _follows_asked(asking: Asking) -> Select[Any]:
    """Select the current follows a run asks: confirmed readers, not paused at its moment."""
    query = (
        select(
            *_READER,
            follows.c.subscription_id,
            follows.c.id.label("follow_id"),
            follows.c.expression,
            follows.c.cadence,
            follows.c.cursor_at,
        )
        .select_from(follows)
        .join(subscriptions, follows.c.subscription_id == subscriptions.c.id)
        .join(readers, subscriptions.c.reader_id == readers.c.id)
        .where(
            subscriptions.c.newsletter_id == asking.newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.ended_at.is_(None),
            readers.c.state == ReaderState.CONFIRMED.value,
            or_(readers.c.paused_until_at.is_(None), readers.c.paused_until_at <= asking.as_of),
        )
    )
    if not asking.urgent:
        query = query.where(follows.c.cadence == asking.cadence.value)
    if asking.lane is not None:
        query = query.where(_in_lane(asking.lane))
    return query


def _in_lane(lane: Lane) -> ColumnElement[bool]:
    hour = readers.c.hour.is_(None) if lane.hour is None else readers.c.hour == lane.hour
    return and_(readers.c.timezone == lane.zone, hour)


def read_followers(
    connection: Connection,
    asking: Asking,
    *,
    after_reader_id: int = 0,
    to_reader_id: int | None = None,
    reader_id: int | None = None,
    limit: int | None = None,
    lock: bool = False,
) -> list[Follower]:
    """Return the readers a run asks, by id, with their follows of the cadence and their mutes.

    With `lock` their rows are held until the transaction ends, so that two runs can never both
    give a reader the same story. Their preferences are then as whoever held them left them.
    """
    query = _follows_asked(asking).where(readers.c.id > after_reader_id)
    if to_reader_id is not None:
        query = query.where(readers.c.id <= to_reader_id)
    if reader_id is not None:
        query = query.where(readers.c.id == reader_id)
    if limit is not None:
        nearest = select(query.subquery().c.id).distinct().order_by("id").limit(limit).subquery()
        query = query.where(readers.c.id <= select(func.max(nearest.c.id)).scalar_subquery())
    held = _hold(connection, query) if lock else None
    rows = connection.execute(query.order_by(readers.c.id, follows.c.id)).all()
    if held is not None:
        rows = [row for row in rows if row.id in held]
    muted: dict[int, list[Mute]] = {}
    ids = sorted({row.id for row in rows})
    for some in among(connection, mutes.c.reader_id, ids):
        for mute in connection.execute(
            select(mutes.c.reader_id, mutes.c.id, mutes.c.expression)
            .where(some, mutes.c.ended_at.is_(None))
            .order_by(mutes.c.id)
        ):
            muted.setdefault(mute.reader_id, []).append(Mute(mute.id, mute.expression))
    followers = []
    for _, own in groupby(rows, key=attrgetter("id")):
        mine = list(own)
        followers.append(
            Follower(
                reader_of(mine[0]),
                mine[0].subscription_id,
                tuple(_follow(row, asking) for row in mine),
                tuple(muted.get(mine[0].id, ())),
            )
        )
    return followers


def count_followers(connection: Connection, asking: Asking) -> int:
    """Count the readers a run asks."""
    asked = _follows_asked(asking).subquery()
    return connection.scalar(select(func.count(asked.c.id.distinct()))) or 0


def _follow(row: Row[Any], asking: Asking) -> Follow:
    cadence = _CADENCES[row.cadence]
    cursor_at = row.cursor_at
    if cadence is not asking.cadence:
        cursor_at = max(cursor_at, asking.as_of - URGENT_LIFE)
    return Follow(row.follow_id, row.expression, cadence, cursor_at)


def _hold(connection: Connection, query: Select[Any]) -> set[int]:
    """Lock the readers of a query, and return their ids.

    A statement of its own: PostgreSQL shows a statement what was committed before it began, and
    this one may have to wait for somebody who changes follows.
    """
    ids = select(query.subquery().c.id)
    locked = select(readers.c.id).where(readers.c.id.in_(ids)).order_by(readers.c.id)
    return set(connection.scalars(locked.with_for_update()))


def earliest_cursor(connection: Connection, asking: Asking) -> datetime | None:
    """Return the oldest cursor of the follows a run asks; None when it asks nobody.

    For urgent stories nobody is asked from further back than they live.
    """
    asked = _follows_asked(asking).subquery()
    own = asked.c.cadence == asking.cadence.value
    earliest: datetime | None = connection.scalar(select(func.min(asked.c.cursor_at)).where(own))
    if not asking.urgent:
        return earliest
    urgent_since = asking.as_of - URGENT_LIFE
    return urgent_since if earliest is None else min(earliest, urgent_since)


def has_urgent(connection: Connection, as_of: datetime) -> bool:
    """Say whether a story that is urgent became eligible lately enough to be an alert."""
    lately = and_(stories.c.eligible_at >= as_of - URGENT_LIFE, stories.c.eligible_at < as_of)
    return bool(
        connection.scalar(
            select(exists().where(stories.c.urgent, stories.c.retracted_at.is_(None), lately))
        )
    )


def lanes_in_use(connection: Connection, newsletter_id: int, cadence: Cadence) -> tuple[Lane, ...]:
    """Return the lanes of the confirmed readers who follow at this cadence."""
    rows = connection.execute(
        select(readers.c.timezone, readers.c.hour)
        .distinct()
        .select_from(follows)
        .join(subscriptions, follows.c.subscription_id == subscriptions.c.id)
        .join(readers, subscriptions.c.reader_id == readers.c.id)
        .where(
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.cadence == cadence.value,
            follows.c.ended_at.is_(None),
            readers.c.state == ReaderState.CONFIRMED.value,
        )
    )
    return tuple(Lane(zone, hour) for zone, hour in rows)


def shard_ends(connection: Connection, newsletter_id: int, shard_size: int) -> list[int]:
    """Return the reader ids that end each full shard of a newsletter's subscribers."""
    numbered = (
        select(
            subscriptions.c.reader_id,
            func.row_number().over(order_by=subscriptions.c.reader_id).label("number"),
        )
        .where(subscriptions.c.newsletter_id == newsletter_id, subscriptions.c.ended_at.is_(None))
        .subquery()
    )
    return list(
        connection.scalars(
            select(numbered.c.reader_id)
            .where(numbered.c.number % shard_size == 0)
            .order_by(numbered.c.reader_id)
        )
    )


def advance_cursors(connection: Connection, follow_ids: Sequence[int], to: datetime) -> None:
    """Move cursors forward to `to`; one that is further already stays."""
    for some in among(connection, follows.c.id, follow_ids):
        connection.execute(
            update(follows).where(some, follows.c.cursor_at < to).values(cursor_at=to)
        )
