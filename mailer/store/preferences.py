"""Subscriptions, follows and mutes: a change ends a row and starts one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mailer.core.readers import Cadence
from mailer.store.bulk import among
from mailer.store.tables import follows, mutes, newsletters, subscriptions
from mailer.store.webhook_facts import tell_subscribed


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
    added = int(connection.execute(new.returning(subscriptions.c.id)).scalar_one())
    tell_subscribed(connection, added, now)
    return added


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


def move_cursors(connection: Connection, reader_id: int, to: datetime, *, older: bool) -> None:
    """Set the cursors of all current follows: those before `to` (older), and those after it."""
    own = select(subscriptions.c.id).where(subscriptions.c.reader_id == reader_id)
    moved = follows.c.cursor_at != to if older else follows.c.cursor_at > to
    connection.execute(
        update(follows)
        .where(follows.c.subscription_id.in_(own), follows.c.ended_at.is_(None), moved)
        .values(cursor_at=to)
    )


def set_cursor(connection: Connection, follow_id: int, to: datetime) -> None:
    """Set one cursor back to where it stood."""
    connection.execute(update(follows).where(follows.c.id == follow_id).values(cursor_at=to))


def follow_texts(connection: Connection, follow_ids: Sequence[int]) -> dict[int, str]:
    """Return what readers wrote in these follows, ended ones too."""
    texts: dict[int, str] = {}
    for some in among(connection, follows.c.id, follow_ids):
        found = connection.execute(select(follows.c.id, follows.c.expression).where(some))
        texts.update({row.id: row.expression for row in found})
    return texts
