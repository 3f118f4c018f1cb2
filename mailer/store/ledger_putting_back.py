"""Claimed rows that will not be marked: withheld for good, or put back for later."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, update

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


def put_back(
    connection: Connection, not_before_at: Mapping[int, datetime], token: str, reason: str
) -> None:
    """Queue claimed rows of mine again for later, unsent and without an attempt.

    The end of a row comes first when that is earlier, so that no row waits beyond it.
    """
    if not not_before_at:
        return
    until = bindparam("until_at", type_=deliveries.c.not_before_at.type)
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == bindparam("delivery_id"),
            deliveries.c.state == _S.CLAIMED.value,
            deliveries.c.lease_token == token,
        )
        .values(
            state=_S.QUEUED.value,
            state_reason=reason,
            lease_token=None,
            lease_until_at=None,
            not_before_at=case(
                (deliveries.c.expires_at < until, deliveries.c.expires_at), else_=until
            ),
        ),
        [
            {"delivery_id": delivery_id, "until_at": moment}
            for delivery_id, moment in sorted(not_before_at.items())
        ],
    )
