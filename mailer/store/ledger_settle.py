"""The ledger's last step: the outcomes of a transmitted window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from mailer.core.deliveries import NOT_GIVEN, DeliveryState
from mailer.store.bulk import update_rows
from mailer.store.ledger_events import add_events, take_back
from mailer.store.ledger_tables import deliveries
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
    rows = [mine[item.delivery_id] for item in settled]
    update_rows(
        connection,
        deliveries.c.id,
        {
            deliveries.c.id: [row.id for row in rows],
            deliveries.c.state: [item.state.value for item in settled],
            deliveries.c.state_reason: [item.event for item in settled],
            deliveries.c.reply_code: [item.code for item in settled],
            deliveries.c.reply: [item.reply for item in settled],
            deliveries.c.lease_token: [None] * len(rows),
            deliveries.c.lease_until_at: [None] * len(rows),
            deliveries.c.attempt_count: [
                row.attempt_count - (0 if item.counts else 1)
                for row, item in zip(rows, settled, strict=True)
            ],
            deliveries.c.not_before_at: [later.get(row.id, row.not_before_at) for row in rows],
            deliveries.c.settled_at: [None if row.id in later else now for row in rows],
        },
    )
    take_back(connection, [item.delivery_id for item in settled if item.state in NOT_GIVEN])
    add_events(
        connection,
        [(item.delivery_id, item.event, item.code, item.reply) for item in settled],
        now,
    )
    refused = [item.delivery_id for item in settled if item.state is DeliveryState.REFUSED]
    tell_refused(connection, refused, now)
    return [item.delivery_id for item in settled]
