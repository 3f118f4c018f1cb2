"""Deliveries looked for by who, what, where and how they stand: only bound values reach SQL."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_reading import DeliveryRow, read_deliveries
from mailer.store.ledger_tables import deliveries, delivery_items
from mailer.store.tables import readers, stories

# Who looks for so many readers at once looks for none of them.
_MOST_READERS = 500


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
        query = query.where(_to(connection, wanted.reader))
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


def _to(connection: Connection, words: str) -> ColumnElement[bool]:
    """Return what holds for mail to whose address has these words.

    By the readers who have such an address today, as the ledger has an index of its readers and
    none of addresses. What no reader's address has may stand on old mail or a stranger's: then
    all of it is read, which takes seconds where there are millions.
    """
    known = select(readers.c.id).where(readers.c.email_key.icontains(words, autoescape=True))
    found = connection.scalars(known.limit(_MOST_READERS)).all()
    if found:
        return deliveries.c.reader_id.in_(found)
    return deliveries.c.email_key.icontains(words, autoescape=True)


def latest_deliveries_of(connection: Connection, reader_id: int, limit: int) -> list[DeliveryRow]:
    """Return a reader's deliveries, newest first."""
    ids = connection.scalars(
        select(deliveries.c.id)
        .where(deliveries.c.reader_id == reader_id)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return sorted(read_deliveries(connection, list(ids)), key=lambda row: row.id, reverse=True)
