"""The ledger's last step: the outcomes of a transmitted window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from mailer.core.deliveries import NOT_GIVEN, DeliveryState
from mailer.store.ledger_events import take_back
from mailer.store.ledger_tables import deliveries, delivery_events
from mailer.store.webhook_facts import tell_refused

_TRANSMITTING = DeliveryState.TRANSMITTING.value
_IN_DOUBT = DeliveryState.IN_DOUBT.value


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one transmission.

    `not_before_at` when it goes back to the queue; its end comes first when that is earlier, so
    that no row waits beyond it. `counts` is False when the message was never judged.
    """

    delivery_id: int
    state: DeliveryState
    event: str
    code: int | None
    reply: str
    not_before_at: datetime | None = None
    counts: bool = True


def settle(
    connection: Connection, settlements: Sequence[Settlement], token: str, now: datetime
) -> list[int]:
    """Record the outcomes of a window; returns the ids that were still mine to settle.

    An answer that comes after my lease was taken is proof all the same, until somebody else has
    decided about the row: it ends the doubt.
    """
    # In the order of ids, as everyone who holds several rows: nobody waits in a circle.
    mine = {
        row.id: row
        for row in connection.execute(
            select(
                deliveries.c.id,
                deliveries.c.state,
                deliveries.c.attempt_count,
                deliveries.c.not_before_at,
                deliveries.c.expires_at,
            )
            .where(
                deliveries.c.id.in_([item.delivery_id for item in settlements]),
                deliveries.c.state.in_([_TRANSMITTING, _IN_DOUBT]),
                deliveries.c.lease_token == token,
            )
            .order_by(deliveries.c.id)
            .with_for_update()
        )
    }
    settled = [
        item
        for item in settlements
        if item.delivery_id in mine and mine[item.delivery_id].state != item.state.value
    ]
    if not settled:
        return []
    later = {
        item.delivery_id: min(item.not_before_at, mine[item.delivery_id].expires_at)
        for item in settled
        if item.not_before_at is not None
    }
    connection.execute(
        update(deliveries).where(deliveries.c.id == bindparam("delivery_id")),
        [
            {
                "delivery_id": (delivery_id := item.delivery_id),
                "state": item.state.value,
                "state_reason": item.event,
                "reply_code": item.code,
                "reply": item.reply,
                "lease_token": None,
                "lease_until_at": None,
                "attempt_count": mine[delivery_id].attempt_count - (0 if item.counts else 1),
                "not_before_at": later.get(delivery_id, mine[delivery_id].not_before_at),
                "settled_at": None if delivery_id in later else now,
            }
            for item in settled
        ],
    )
    take_back(connection, [item.delivery_id for item in settled if item.state in NOT_GIVEN])
    connection.execute(
        insert(delivery_events),
        [
            {
                "delivery_id": item.delivery_id,
                "at": now,
                "event": item.event,
                "code": item.code,
                "detail": item.reply,
            }
            for item in settled
        ],
    )
    refused = [item.delivery_id for item in settled if item.state is DeliveryState.REFUSED]
    tell_refused(connection, refused, now)
    return [item.delivery_id for item in settled]
