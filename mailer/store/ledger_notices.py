"""The ledger's first step for notices: one row, queued, in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.deliveries import DeliveryState, MailKind
from mailer.core.notices import Notice
from mailer.store.ledger_plan import NewItem
from mailer.store.ledger_tables import deliveries, delivery_items


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """A notice about to be queued, and the time it has."""

    notice: Notice
    email_key: str
    not_before_at: datetime
    expires_at: datetime


def add_notice(connection: Connection, queued: QueuedNotice) -> int | None:
    """Queue a notice and return its delivery's id; None when its key is there already."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    notice = queued.notice
    values: dict[str, Any] = {
        "kind": MailKind.NOTICE.value,
        "key": notice.key,
        "message_id": notice.message_id,
        "newsletter_id": notice.newsletter.id if notice.newsletter else None,
        "occasion": notice.occasion.value,
        "told": notice.told.to_json(),
        "thread": " ".join(notice.thread),
        "reader_id": notice.reader_id,
        "subscription_id": notice.subscription_id,
        "email": notice.email,
        "email_key": queued.email_key,
        "name": notice.name,
        "locale": notice.locale,
        "timezone": notice.timezone,
        "format": notice.format.value,
        "state": DeliveryState.QUEUED.value,
        "not_before_at": queued.not_before_at,
        "expires_at": queued.expires_at,
        "planned_at": notice.as_of,
    }
    added: int | None = connection.scalar(
        plain(deliveries)
        .values(values)
        .on_conflict_do_nothing(index_elements=[deliveries.c.key])
        .returning(deliveries.c.id)
    )
    return added


def add_notice_item(
    connection: Connection, delivery_id: int, reader_id: int, item: NewItem
) -> None:
    """Record which story, at which revision, a notice gives its reader.

    Unless another mail gave her that revision already: then this one only says so.
    """
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        plain(delivery_items)
        .on_conflict_do_nothing()
        .values(
            delivery_id=delivery_id,
            position=0,
            reader_id=reader_id,
            story_id=item.story_id,
            revision=item.revision,
            section=item.section,
            shown=item.shown,
            follow_ids=list(item.follow_ids),
        )
    )


def address_of_notice(connection: Connection, key: str) -> str | None:
    """Return the key of the address a notice goes to, None when there is no such notice."""
    found: str | None = connection.scalar(
        select(deliveries.c.email_key).where(deliveries.c.key == key)
    )
    return found or None


def are_notices_due(connection: Connection, now: datetime) -> bool:
    """Say whether a notice waits to be sent now."""
    due = exists().where(
        deliveries.c.state == DeliveryState.QUEUED.value,
        deliveries.c.kind == MailKind.NOTICE.value,
        deliveries.c.not_before_at <= now,
    )
    return bool(connection.scalar(select(due)))
