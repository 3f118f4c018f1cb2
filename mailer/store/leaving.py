"""Subscriptions from the inside: finding one by its id, and ending what stands in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailer.core.readers import Reader
from mailer.errors import NotFoundError
from mailer.store.readers import reader_of
from mailer.store.tables import follows, readers, subscriptions
from mailer.store.webhook_facts import tell_unsubscribed


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A subscription as the store has it, an ended one included."""

    id: int
    reader_id: int
    newsletter_id: int
    started_at: datetime
    source: str
    consent: str
    ended_at: datetime | None


def find_subscription(connection: Connection, subscription_id: int) -> SubscriptionRecord:
    """Return a subscription; raises NotFoundError."""
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no subscription {subscription_id}")
    return SubscriptionRecord(
        row.id,
        row.reader_id,
        row.newsletter_id,
        row.started_at,
        row.source,
        row.consent,
        row.ended_at,
    )


def subscriptions_of(connection: Connection, reader_id: int) -> list[SubscriptionRecord]:
    """Return all subscriptions of a reader, ended ones too, in the order they began."""
    ids = connection.scalars(
        select(subscriptions.c.id)
        .where(subscriptions.c.reader_id == reader_id)
        .order_by(subscriptions.c.id)
    ).all()
    return [find_subscription(connection, found) for found in ids]


def find_reader_by_id(connection: Connection, reader_id: int) -> Reader:
    """Return a reader; raises NotFoundError."""
    row = connection.execute(select(readers).where(readers.c.id == reader_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no reader {reader_id}")
    return reader_of(row)


def end_subscriptions(
    connection: Connection,
    reader_id: int,
    reason: str,
    now: datetime,
    *,
    newsletter_id: int | None = None,
) -> int:
    """End a reader's subscription to a newsletter (None: to all), and the follows in it.

    Returns how many subscriptions ended.
    """
    current = select(subscriptions.c.id).where(
        subscriptions.c.reader_id == reader_id, subscriptions.c.ended_at.is_(None)
    )
    if newsletter_id is not None:
        current = current.where(subscriptions.c.newsletter_id == newsletter_id)
    ids = connection.scalars(current).all()
    ending = {"ended_at": now, "end_reason": reason}
    connection.execute(
        update(follows)
        .where(follows.c.subscription_id.in_(ids), follows.c.ended_at.is_(None))
        .values(ending)
    )
    connection.execute(update(subscriptions).where(subscriptions.c.id.in_(ids)).values(ending))
    tell_unsubscribed(connection, ids, reason, now)
    return len(ids)
