"""The ledger's last step: the outcomes of a transmitted window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from mailer.core.deliveries import NOT_GIVEN, DeliveryState
from mailer.store.ledger_events import record_events, take_back
from mailer.store.ledger_tables import deliveries


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one transmission. `not_before_at` when it goes back to the queue."""

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
    """Record the outcomes of a window; returns the ids that were still mine to settle."""
    settled: list[int] = []
    for item in settlements:
        values: dict[str, Any] = {
            "state": item.state.value,
            "state_reason": item.event,
            "reply_code": item.code,
            "reply": item.reply,
            "lease_token": None,
            "lease_until_at": None,
        }
        if item.not_before_at is not None:
            values["not_before_at"] = item.not_before_at
        else:
            values["settled_at"] = now
        if not item.counts:
            values["attempt_count"] = deliveries.c.attempt_count - 1
        moved = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == item.delivery_id,
                deliveries.c.state == DeliveryState.TRANSMITTING.value,
                deliveries.c.lease_token == token,
            )
            .values(values)
        )
        if not moved.rowcount:
            continue
        settled.append(item.delivery_id)
        if item.state in NOT_GIVEN:
            take_back(connection, [item.delivery_id])
        record_events(
            connection, [item.delivery_id], item.event, now, code=item.code, detail=item.reply
        )
    return settled
