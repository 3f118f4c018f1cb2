"""Deliveries looked for by who, what, where and how they stand: only bound values reach SQL."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_reading import DeliveryRow, read_deliveries
from mailer.store.ledger_tables import deliveries, delivery_items
from mailer.store.tables import stories


@dataclass(frozen=True, slots=True)
class DeliverySearch:
    """What is looked for; empty texts mean anything.

    `reader` is a part of an address, `story` a uid, `domain` what stands behind the @.
    """

    reader: str = ""
    story: str = ""
    domain: str = ""
    state: DeliveryState | None = None
    before_id: int | None = None


def search_deliveries(
    connection: Connection, wanted: DeliverySearch, limit: int = 100
) -> list[DeliveryRow]:
    """Return deliveries, newest first."""
    query = select(deliveries.c.id).order_by(deliveries.c.id.desc()).limit(limit)
    if wanted.reader:
        query = query.where(deliveries.c.email_key.icontains(wanted.reader, autoescape=True))
    if wanted.domain:
        domain = wanted.domain.removeprefix("@").casefold()
        query = query.where(deliveries.c.email_key.endswith(f"@{domain}", autoescape=True))
    if wanted.story:
        held = (
            select(delivery_items.c.delivery_id).join(stories).where(stories.c.uid == wanted.story)
        )
        query = query.where(deliveries.c.id.in_(held))
    if wanted.state is not None:
        query = query.where(deliveries.c.state == wanted.state.value)
    if wanted.before_id is not None:
        query = query.where(deliveries.c.id < wanted.before_id)
    rows = read_deliveries(connection, list(connection.scalars(query)))
    return sorted(rows, key=lambda row: row.id, reverse=True)


def latest_deliveries_of(connection: Connection, reader_id: int, limit: int) -> list[DeliveryRow]:
    """Return a reader's deliveries, newest first."""
    ids = connection.scalars(
        select(deliveries.c.id)
        .where(deliveries.c.reader_id == reader_id)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return sorted(read_deliveries(connection, list(ids)), key=lambda row: row.id, reverse=True)
