"""History of deliveries, and what both a lease and a settlement must write with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, update

from mailer.core.deliveries import DeliveryState
from mailer.store.bulk import insert_rows
from mailer.store.ledger_tables import delivery_events, delivery_items

IN_DOUBT = "in doubt"
# The detail of what nobody else can vouch for.
BY_OPERATOR = "accepted by an operator"
BY_SERVICE = "delivered, by the notice of a mail service"
# The state in which each line of history leaves the row. Claiming and giving back leave no line.
LEFT_IN = {
    "marked": DeliveryState.TRANSMITTING,
    "accepted": DeliveryState.ACCEPTED,
    "refused": DeliveryState.REFUSED,
    "deferred": DeliveryState.QUEUED,
    "halted": DeliveryState.QUEUED,
    IN_DOUBT: DeliveryState.IN_DOUBT,
    "withheld": DeliveryState.WITHHELD,
    "expired": DeliveryState.EXPIRED,
    "cancelled": DeliveryState.CANCELLED,
    "lease lost": DeliveryState.QUEUED,
    "held": DeliveryState.HELD,
    "resent": DeliveryState.QUEUED,
    "queued again": DeliveryState.QUEUED,
}


def record_events(
    connection: Connection,
    delivery_ids: Sequence[int],
    event: str,
    now: datetime,
    *,
    code: int | None = None,
    detail: str | Mapping[int, str] = "",
) -> None:
    """Write one line of history for each delivery; `detail` for all, or by id."""
    told = dict.fromkeys(delivery_ids, detail) if isinstance(detail, str) else detail
    add_events(connection, [(i, event, code, told.get(i, "")) for i in delivery_ids], now)


def add_events(
    connection: Connection, lines: Sequence[tuple[int, str, int | None, str]], now: datetime
) -> None:
    """Write lines of history: (delivery id, event, code, detail)."""
    if lines:
        insert_rows(connection, _LINE, [(i, now, *line) for i, *line in lines])


_LINE = (
    delivery_events.c.delivery_id,
    delivery_events.c.at,
    delivery_events.c.event,
    delivery_events.c.code,
    delivery_events.c.detail,
)


def take_back(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """The stories of these deliveries were not given: another run may bring them.

    Except those of a delivery that was ever in doubt: the reader may have them already (I1).
    """
    doubted = exists().where(
        delivery_events.c.delivery_id == delivery_items.c.delivery_id,
        delivery_events.c.event == IN_DOUBT,
    )
    for start in range(0, len(delivery_ids), 500):
        connection.execute(
            update(delivery_items)
            .where(delivery_items.c.delivery_id.in_(delivery_ids[start : start + 500]), ~doubted)
            .values(given=False)
        )
