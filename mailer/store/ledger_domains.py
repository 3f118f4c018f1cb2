"""What waits in the ledger, by the domain of its recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, literal, select

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_tables import deliveries


@dataclass(frozen=True, slots=True)
class WaitingDomain:
    """Deliveries to a domain that wait for a later time, and when the first of them is due."""

    domain: str
    count: int
    next_at: datetime


def waiting_domains(connection: Connection, now: datetime) -> Sequence[WaitingDomain]:
    """Return the domains for which queued mail waits beyond now, those with most of it first."""
    domain = _domain(connection).label("domain")
    count = func.count().label("waiting_count")
    rows = connection.execute(
        select(domain, count, func.min(deliveries.c.not_before_at).label("next_at"))
        .where(
            # Written out, as the partial index of due rows has it.
            deliveries.c.state == literal(DeliveryState.QUEUED.value, literal_execute=True),
            deliveries.c.not_before_at > now,
        )
        .group_by(domain)
        .order_by(count.desc(), domain)
    )
    return [WaitingDomain(row.domain, row.waiting_count, row.next_at) for row in rows]


def _domain(connection: Connection) -> ColumnElement[str]:
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return func.substr(deliveries.c.email_key, find(deliveries.c.email_key, "@") + 1)
