"""Claimed rows that will not be marked: withheld for good, or put back for later."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_events import record_events, take_back
from mailer.store.ledger_tables import deliveries

_S = DeliveryState


def withhold(
    connection: Connection, delivery_ids: Sequence[int], token: str, now: datetime, reason: str
) -> Sequence[int]:
    """Withhold claimed rows of mine; returns their ids. Their stories were not given."""
    withheld = connection.scalars(
        update(deliveries)
        .where(
            deliveries.c.id.in_(delivery_ids),
            deliveries.c.state == _S.CLAIMED.value,
            deliveries.c.lease_token == token,
        )
        .values(
            state=_S.WITHHELD.value,
            state_reason=reason,
            settled_at=now,
            lease_token=None,
            lease_until_at=None,
        )
        .returning(deliveries.c.id)
    ).all()
    take_back(connection, withheld)
    record_events(connection, withheld, "withheld", now, detail=reason)
    return withheld
