"""Subscriptions, follows and mutes: a change ends a row and starts one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from mailer.core.readers import Cadence, Follow, Follower, Mute, ReaderState
from mailer.store.readers import reader_of
from mailer.store.tables import follows, mutes, newsletters, readers, subscriptions


@dataclass(frozen=True, slots=True)
class FollowRecord:
    """A follow as the store has it, ended ones included."""

    id: int
    subscription_id: int
    newsletter: str
    expression: str
    canonical: str
    cadence: Cadence
    started_at: datetime
    cursor_at: datetime
    ended_at: datetime | None
    end_reason: str


@dataclass(frozen=True, slots=True)
class MuteRecord:
    """A mute as the store has it, ended ones included."""

    id: int
    expression: str
    canonical: str
    started_at: datetime
    ended_at: datetime | None


def ensure_subscription(
    connection: Connection,
    reader_id: int,
    newsletter_id: int,
    *,
    source: str,
    consent: str,
    now: datetime,
) -> int:
    """Return the id of the reader's current subscription, started now if there was none."""
    there = connection.scalar(
        select(subscriptions.c.id).where(
            subscriptions.c.reader_id == reader_id,
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
        )
    )
    if there is not None:
        return int(there)
    new = insert(subscriptions).values(
        reader_id=reader_id,
        newsletter_id=newsletter_id,
        started_at=now,
        source=source,
        consent=consent,
    )
    return int(connection.execute(new.returning(subscriptions.c.id)).scalar_one())


def start_follow(
    connection: Connection,
    subscription_id: int,
    *,
    expression: str,
    canonical: str,
    cadence: Cadence,
    now: datetime,
    cursor_at: datetime,
    source: str,
) -> int:
    """Add a follow and return its id."""
    new = insert(follows).values(
        subscription_id=subscription_id,
        expression=expression,
        canonical=canonical,
        cadence=cadence.value,
        started_at=now,
        cursor_at=cursor_at,
        source=source,
    )
    return int(connection.execute(new.returning(follows.c.id)).scalar_one())


def end_follow(connection: Connection, follow_id: int, reason: str, now: datetime) -> None:
    """End a follow."""
    connection.execute(
        update(follows)
        .where(follows.c.id == follow_id, follows.c.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


def start_mute(
    connection: Connection,
    reader_id: int,
    *,
    expression: str,
    canonical: str,
    now: datetime,
    source: str,
) -> bool:
    """Add a mute; False when it was there."""
    current = [m.canonical for m in mutes_of(connection, reader_id) if m.ended_at is None]
    if canonical in current:
        return False
    connection.execute(
        insert(mutes).values(
            reader_id=reader_id,
            expression=expression,
            canonical=canonical,
            started_at=now,
            source=source,
        )
    )
    return True


def end_mute(connection: Connection, mute_id: int, now: datetime) -> None:
    """End a mute."""
    connection.execute(
        update(mutes).where(mutes.c.id == mute_id, mutes.c.ended_at.is_(None)).values(ended_at=now)
    )


def follows_of(connection: Connection, reader_id: int) -> list[FollowRecord]:
    """Return all follows of a reader, ended ones too, in the order she made them."""
    rows = connection.execute(
        select(follows, newsletters.c.slug.label("newsletter"))
        .join_from(follows, subscriptions)
        .join(newsletters)
        .where(subscriptions.c.reader_id == reader_id)
        .order_by(follows.c.id)
    )
    return [
        FollowRecord(
            id=row.id,
            subscription_id=row.subscription_id,
            newsletter=row.newsletter,
            expression=row.expression,
            canonical=row.canonical,
            cadence=Cadence(row.cadence),
            started_at=row.started_at,
            cursor_at=row.cursor_at,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
        )
        for row in rows
    ]


def mutes_of(connection: Connection, reader_id: int) -> list[MuteRecord]:
    """Return all mutes of a reader, ended ones too, in the order she made them."""
    rows = connection.execute(
        select(mutes).where(mutes.c.reader_id == reader_id).order_by(mutes.c.id)
    )
    return [
        MuteRecord(row.id, row.expression, row.canonical, row.started_at, row.ended_at)
        for row in rows
    ]


def _asking(newsletter_id: int, cadence: Cadence, as_of: datetime) -> Select[Any]:
    """Select the current follows a run asks: confirmed readers, not paused at its moment."""
    return (
        select(
            readers,
            follows.c.subscription_id,
            follows.c.id.label("follow_id"),
            follows.c.expression,
            follows.c.cursor_at,
        )
        .select_from(follows)
        .join(subscriptions, follows.c.subscription_id == subscriptions.c.id)
        .join(readers, subscriptions.c.reader_id == readers.c.id)
        .where(
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.cadence == cadence.value,
            follows.c.ended_at.is_(None),
            readers.c.state == ReaderState.CONFIRMED.value,
            (readers.c.paused_until_at.is_(None)) | (readers.c.paused_until_at <= as_of),
        )
    )


def read_followers(
    connection: Connection,
    newsletter_id: int,
    cadence: Cadence,
    as_of: datetime,
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
    query = _asking(newsletter_id, cadence, as_of).where(readers.c.id > after_reader_id)
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
    for start in range(0, len(ids), 500):
        for mute in connection.execute(
            select(mutes)
            .where(mutes.c.reader_id.in_(ids[start : start + 500]), mutes.c.ended_at.is_(None))
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
                tuple(Follow(r.follow_id, r.expression, cadence, r.cursor_at) for r in mine),
                tuple(muted.get(mine[0].id, ())),
            )
        )
    return followers


def _hold(connection: Connection, asking: Select[Any]) -> set[int]:
    """Lock the readers of a query, and return their ids.

    A statement of its own: PostgreSQL shows a statement what was committed before it began, and
    this one may have to wait for somebody who changes follows.
    """
    ids = select(asking.subquery().c.id)
    locked = select(readers.c.id).where(readers.c.id.in_(ids)).order_by(readers.c.id)
    return set(connection.scalars(locked.with_for_update()))


def earliest_cursor(
    connection: Connection, newsletter_id: int, cadence: Cadence, as_of: datetime
) -> datetime | None:
    """Return the oldest cursor of the follows a run asks; None when it asks nobody."""
    asking = _asking(newsletter_id, cadence, as_of).subquery()
    earliest: datetime | None = connection.scalar(select(func.min(asking.c.cursor_at)))
    return earliest


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
    for start in range(0, len(follow_ids), 500):
        some = follows.c.id.in_(follow_ids[start : start + 500])
        connection.execute(
            update(follows).where(some, follows.c.cursor_at < to).values(cursor_at=to)
        )
