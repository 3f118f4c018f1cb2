"""History of deliveries, and what both a lease and a settlement must write with it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, update

from mailer.store.ledger_tables import delivery_events, delivery_items


def record_events(
    connection: Connection,
    delivery_ids: Sequence[int],
    event: str,
    now: datetime,
    *,
    code: int | None = None,
    detail: str = "",
) -> None:
    """Write one line of history for each delivery."""
    if delivery_ids:
        connection.execute(
            insert(delivery_events),
            [
                {"delivery_id": i, "at": now, "event": event, "code": code, "detail": detail}
                for i in delivery_ids
            ],
        )


def take_back(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """The stories of these deliveries were not given: another run may bring them."""
    if delivery_ids:
        connection.execute(
            update(delivery_items)
            .where(delivery_items.c.delivery_id.in_(delivery_ids))
            .values(given=False)
        )
