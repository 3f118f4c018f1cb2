"""Resolve a delivery that is in doubt or held: an operator decides."""

from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.deliveries import LONGEST_LIFE, DeliveryState, life_of
from mailer.core.notices import RULES
from mailer.core.runs import RunState
from mailer.errors import InputError
from mailer.store.database import Connection, Database
from mailer.store.ledger_reading import DeliveryRow, find_delivery
from mailer.store.ledger_steering import accept_one, resend_one
from mailer.store.runs import find_run

_S = DeliveryState
_OPEN = (_S.IN_DOUBT, _S.HELD)


class Resolution(StrEnum):
    """RESEND it with the Message-ID it has, or ACCEPT it: there is proof from outside."""

    RESEND = "resend"
    ACCEPT = "accept"


# Where a row stands once it was resolved: asking again is no mistake, and no change.
_AFTER = {
    Resolution.RESEND: (_S.QUEUED, _S.CLAIMED, _S.TRANSMITTING),
    Resolution.ACCEPT: (_S.ACCEPTED,),
}


def resolve_delivery(
    database: Database, delivery_id: int, resolution: Resolution, *, now: datetime
) -> DeliveryRow:
    """Queue the delivery again, or record it as accepted, and return it.

    Its time, when it is over, starts anew with a resend. A run that was done sends again. Raises
    NotFoundError, and InputError that says in which state it is and what is possible.
    """
    with database.write() as connection:
        row = find_delivery(connection, delivery_id)
        if row.state in _OPEN:
            _resolve(connection, row, resolution, now)
            row = find_delivery(connection, delivery_id)
        if row.state not in _AFTER[resolution]:
            raise InputError(_impossible(row, resolution))
    return row


def _resolve(
    connection: Connection, row: DeliveryRow, resolution: Resolution, now: datetime
) -> None:
    if resolution is Resolution.ACCEPT:
        accept_one(connection, row.id, now)
        return
    if row.run_id is not None and find_run(connection, row.run_id).state is RunState.CANCELLED:
        raise InputError(
            f"delivery {row.id} belongs to run {row.run_id}, which is cancelled and sends nothing: "
            "only --accept is possible"
        )
    resend_one(connection, row.id, now, now + _life_of(row))


def _life_of(row: DeliveryRow) -> timedelta:
    if row.occasion is not None:
        return RULES[row.occasion].life
    return LONGEST_LIFE if row.cadence is None else life_of(row.cadence)


def _impossible(row: DeliveryRow, resolution: Resolution) -> str:
    message = (
        f"delivery {row.id} is {row.state} and cannot be resolved by --{resolution}: "
        "that is for deliveries in doubt or held"
    )
    if row.state is _S.REFUSED and row.run_id is not None:
        message += f"; 'mailer runs retry {row.run_id}' plans what was refused anew"
    return message
