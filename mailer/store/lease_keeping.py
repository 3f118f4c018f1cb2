"""Leases that are kept while their worker is at work. Where they begin and end: ledger_lease."""

from datetime import datetime

from sqlalchemy import Connection, literal, update

from mailer.core.deliveries import LEASE, DeliveryState
from mailer.store.ledger_tables import deliveries

_LEASED = [
    literal(state.value, literal_execute=True)
    for state in (DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)
]


def prolong(connection: Connection, token: str, now: datetime) -> int:
    """Count the leases of this token from `now`; returns how many were still alive.

    A lease that has run out stays so: the row may be in other hands a moment later.
    """
    kept = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state.in_(_LEASED),
            deliveries.c.lease_until_at > now,
            deliveries.c.lease_token == token,
        )
        .values(lease_until_at=now + LEASE)
    )
    return kept.rowcount
