"""Follows that are old enough to ask what they have brought."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from mailer.core.readers import Cadence, ReaderState
from mailer.store.tables import follows, newsletters, readers, subscriptions


@dataclass(frozen=True, slots=True)
class OldFollow:
    """A current follow of a confirmed reader."""

    id: int
    reader_id: int
    subscription_id: int
    email: str
    newsletter: str
    expression: str
    cadence: Cadence


def old_follows(
    connection: Connection,
    before: datetime,
    *,
    after_id: int,
    limit: int,
    reader_id: int | None = None,
) -> list[OldFollow]:
    """Return current follows started before a moment, by id from after the given one on."""
    query = (
        select(
            follows.c.id,
            subscriptions.c.reader_id,
            follows.c.subscription_id,
            readers.c.email,
            newsletters.c.slug,
            follows.c.expression,
            follows.c.cadence,
        )
        .join_from(follows, subscriptions)
        .join(readers)
        .join(newsletters, newsletters.c.id == subscriptions.c.newsletter_id)
        .where(
            follows.c.id > after_id,
            follows.c.ended_at.is_(None),
            follows.c.started_at < before,
            subscriptions.c.ended_at.is_(None),
            readers.c.state == ReaderState.CONFIRMED.value,
        )
        .order_by(follows.c.id)
        .limit(limit)
    )
    if reader_id is not None:
        query = query.where(subscriptions.c.reader_id == reader_id)
    return [OldFollow(*row[:6], Cadence(row.cadence)) for row in connection.execute(query)]
