"""What readers changed: their choices before and after, with the source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from mailer.core.choices import Choices, ChosenFollow
from mailer.errors import NotFoundError
from mailer.store.reader_tables import reader_changes
from mailer.store.tables import follows, mutes, readers, subscriptions


@dataclass(frozen=True, slots=True)
class ReaderChange:
    """One change of one reader."""

    id: int
    reader_id: int
    changed_at: datetime
    what: str
    source: str
    before: Choices
    after: Choices


def read_choices(connection: Connection, reader_id: int) -> Choices:
    """Return all that a reader has chosen now."""
    reader = connection.execute(select(readers).where(readers.c.id == reader_id)).one()
    current = connection.execute(
        select(subscriptions.c.id, subscriptions.c.newsletter_id)
        .where(subscriptions.c.reader_id == reader_id, subscriptions.c.ended_at.is_(None))
        .order_by(subscriptions.c.id)
    ).all()
    newsletter_of = {row.id: row.newsletter_id for row in current}
    followed = connection.execute(
        select(follows)
        .where(follows.c.subscription_id.in_(newsletter_of), follows.c.ended_at.is_(None))
        .order_by(follows.c.id)
    )
    muted = connection.execute(
        select(mutes.c.expression, mutes.c.canonical)
        .where(mutes.c.reader_id == reader_id, mutes.c.ended_at.is_(None))
        .order_by(mutes.c.id)
    )
    return Choices(
        email=reader.email,
        locale=reader.locale,
        timezone=reader.timezone,
        hour=reader.hour,
        format=reader.format,
        quiet=reader.quiet,
        paused_until_at=reader.paused_until_at,
        subscriptions=tuple(newsletter_of.values()),
        follows=tuple(
            ChosenFollow(
                newsletter_of[row.subscription_id],
                row.expression,
                row.canonical,
                row.cadence,
                row.cursor_at,
            )
            for row in followed
        ),
        mutes=tuple((row.expression, row.canonical) for row in muted),
    )


def add_change(
    connection: Connection,
    reader_id: int,
    before: Choices,
    after: Choices,
    *,
    what: str,
    source: str,
    now: datetime,
) -> int:
    """Record a change and return its id."""
    added: int = connection.execute(
        insert(reader_changes)
        .values(
            reader_id=reader_id,
            changed_at=now,
            what=what,
            source=source,
            before=before.to_json(),
            after=after.to_json(),
        )
        .returning(reader_changes.c.id)
    ).scalar_one()
    return added


def find_change(connection: Connection, change_id: int, reader_id: int) -> ReaderChange:
    """Return a change of this reader; raises NotFoundError."""
    row = connection.execute(
        select(reader_changes).where(
            reader_changes.c.id == change_id, reader_changes.c.reader_id == reader_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no change {change_id}: it was erased, or never made")
    return _change(row)


def changes_of(connection: Connection, reader_id: int, limit: int = 1_000) -> list[ReaderChange]:
    """Return what a reader changed, newest first."""
    rows = connection.execute(
        select(reader_changes)
        .where(reader_changes.c.reader_id == reader_id)
        .order_by(reader_changes.c.id.desc())
        .limit(limit)
    )
    return [_change(row) for row in rows]


def _change(row: Row[Any]) -> ReaderChange:
    return ReaderChange(
        row.id,
        row.reader_id,
        row.changed_at,
        row.what,
        row.source,
        Choices.from_json(row.before),
        Choices.from_json(row.after),
    )
