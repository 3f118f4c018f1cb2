"""All rows about one reader: to give them to her, and to take her out of them (S24)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Reader, ReaderState
from mailer.store.bounce_tables import bounces
from mailer.store.columns import Json
from mailer.store.import_tables import import_lines, import_rejects
from mailer.store.ledger_events import record_events, take_back
from mailer.store.ledger_tables import deliveries, delivery_events, delivery_items
from mailer.store.operator_tables import audit_log
from mailer.store.reader_tables import address_requests, reader_changes, subscription_requests
from mailer.store.tables import (
    follows,
    mutes,
    newsletters,
    readers,
    stories,
    subscriptions,
    suppressions,
)
from mailer.store.webhook_outbox import forget_reader

ERASED = "erased"
_UNSENT = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.HELD)
# What stands for an address that must stay suppressed though nobody may know it any more.
HASHED = "keyed-hash:"


def records_of(connection: Connection, reader: Reader) -> dict[str, Any]:
    """Return all records about a reader, by what they are, each a plain dictionary."""
    own = subscriptions.c.reader_id == reader.id
    hers = _hers(reader)
    queries: dict[str, Select[Any]] = {
        "reader": select(readers).where(readers.c.id == reader.id),
        "subscriptions": select(subscriptions, newsletters.c.slug.label("newsletter"))
        .join(newsletters)
        .where(own),
        "follows": select(follows).join(subscriptions).where(own),
        "mutes": select(mutes).where(mutes.c.reader_id == reader.id),
        "changes": select(reader_changes).where(reader_changes.c.reader_id == reader.id),
        "requests": select(subscription_requests).where(
            subscription_requests.c.email_key == reader.email_key
        ),
        "address_requests": select(address_requests).where(
            address_requests.c.reader_id == reader.id
        ),
        "suppressions": select(suppressions).where(suppressions.c.email_key == reader.email_key),
        "mails": select(deliveries).where(hers),
        "stories_told": select(
            delivery_items.c.delivery_id,
            stories.c.uid,
            delivery_items.c.revision,
            delivery_items.c.shown,
            delivery_items.c.given,
        )
        .join(stories)
        .where(delivery_items.c.reader_id == reader.id),
        "history": select(delivery_events).join(deliveries).where(hers),
    }
    return {
        name: [
            {key: _plain(value) for key, value in row.items() if not key.startswith("lease_")}
            for row in connection.execute(query).mappings()
        ]
        for name, query in queries.items()
    }


def erase_records(connection: Connection, reader: Reader, hashed: str, now: datetime) -> None:
    """Take a reader out of every table; what was sent stays as a number without a name.

    `hashed` is the keyed hash of her address: a suppression goes on under it.
    """
    hers = _hers(reader)
    _cancel_unsent(connection, hers, now)
    keys = {"email": "", "email_key": f"{ERASED}:{reader.id}"}
    connection.execute(
        update(delivery_events)
        .where(delivery_events.c.delivery_id.in_(select(deliveries.c.id).where(hers)))
        .values(detail="")
    )
    # A notice keeps its occasion and loses what it told; digests never had anything told.
    told = case((deliveries.c.told.is_not(None), literal({}, Json)), else_=None)
    connection.execute(
        update(deliveries).where(hers).values(name="", reply="", state_reason="", told=told, **keys)
    )
    for table in (subscription_requests, address_requests):
        connection.execute(update(table).where(_of(table, reader)).values(keys))
    forget_reader(connection, reader.id)
    _erase_bounces(connection, reader, keys)
    _erase_audit(connection, reader)
    connection.execute(delete(reader_changes).where(reader_changes.c.reader_id == reader.id))
    for imported in (import_rejects, import_lines):
        connection.execute(delete(imported).where(imported.c.email_key == reader.email_key))
    connection.execute(
        update(suppressions)
        .where(suppressions.c.email_key == reader.email_key)
        .values(email_key=f"{HASHED}{hashed}", evidence="")
    )
    connection.execute(
        update(readers)
        .where(readers.c.id == reader.id)
        .values(
            name="",
            state=ReaderState.ERASED.value,
            timezone="UTC",
            hour=None,
            quiet="",
            paused_until_at=None,
            consent="",
            consent_source="",
            consented_at=None,
            **keys,
        )
    )


def _erase_audit(connection: Connection, reader: Reader) -> None:
    """Name her by her number: who changed what, and when, stays."""
    named = [f"reader {name}".casefold() for name in (reader.email, reader.email_key)]
    connection.execute(
        update(audit_log)
        .where(func.lower(audit_log.c.subject).in_(named))
        .values(subject=f"reader {reader.id}")
    )


def _erase_bounces(connection: Connection, reader: Reader, keys: dict[str, str]) -> None:
    hers = or_(
        bounces.c.email_key == reader.email_key,
        bounces.c.delivery_id.in_(select(deliveries.c.id).where(_hers(reader))),
    )
    # What a report says, in whatever words, may name her.
    connection.execute(update(bounces).where(hers).values(recipient="", diagnostic="", **keys))


def recall_suppression(connection: Connection, email_key: str, hashes: Sequence[str]) -> None:
    """Let a suppression count again whose address was erased, now that it is known again."""
    hashed = [f"{HASHED}{each}" for each in hashes]
    there = exists().where(suppressions.c.email_key == email_key, suppressions.c.ended_at.is_(None))
    connection.execute(
        update(suppressions)
        .where(suppressions.c.email_key.in_(hashed), suppressions.c.ended_at.is_(None), ~there)
        .values(email_key=email_key)
    )


def _cancel_unsent(connection: Connection, hers: ColumnElement[bool], now: datetime) -> None:
    """Cancel what has not left yet; a worker that holds a row finds it gone at the mark (I5)."""
    cancelled = connection.scalars(
        update(deliveries)
        .where(hers, deliveries.c.state.in_([state.value for state in _UNSENT]))
        .values(
            state=DeliveryState.CANCELLED.value,
            lease_token=None,
            lease_until_at=None,
            settled_at=now,
        )
        .returning(deliveries.c.id)
    ).all()
    take_back(connection, cancelled)
    record_events(connection, cancelled, "cancelled", now)


def _hers(reader: Reader) -> ColumnElement[bool]:
    """Say which deliveries went to her, or to her address before she was a reader."""
    return or_(deliveries.c.reader_id == reader.id, deliveries.c.email_key == reader.email_key)


def _of(table: Table, reader: Reader) -> ColumnElement[bool]:
    hers = table.c.email_key == reader.email_key
    return or_(hers, table.c.reader_id == reader.id) if "reader_id" in table.c else hers


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
