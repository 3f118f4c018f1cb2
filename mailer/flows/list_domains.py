"""List domains: which wait or have asked us to slow down, from the throttle and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.throttles import DomainState
from mailer.flows.desk import Desk
from mailer.store.ledger_domains import WaitingDomain, waiting_domains


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """A domain in one of three states: resting, slowed, or only waiting (for retries).

    `limit` is None while nothing limits it; `waiting_count` deliveries are due later, the first
    at `next_at`.
    """

    domain: str
    state: str
    limit: int | None
    in_flight: int
    resting_until_at: datetime | None
    rest_count: int
    waiting_count: int
    next_at: datetime | None
    reply: str


def list_domains(desk: Desk, *, now: datetime) -> Sequence[ListedDomain]:
    """Return the domains that are not as usual: resting first, then slowed, then waiting."""
    limited = {one.domain: one for one in desk.throttle.domain_states(now=now)}
    with desk.database.read() as connection:
        waiting = {one.domain: one for one in waiting_domains(connection, now)}
    names = [*limited, *(name for name in waiting if name not in limited)]
    return [_listed(name, limited.get(name), waiting.get(name), now) for name in names]


def _listed(
    name: str, limited: DomainState | None, waiting: WaitingDomain | None, now: datetime
) -> ListedDomain:
    resting = limited.resting_seconds if limited else 0.0
    return ListedDomain(
        domain=name,
        state="resting" if resting else "slowed" if limited else "waiting",
        limit=int(limited.limit) if limited else None,
        in_flight=limited.in_flight if limited else 0,
        resting_until_at=now + timedelta(seconds=resting) if resting else None,
        rest_count=limited.rest_count if limited else 0,
        waiting_count=waiting.count if waiting else 0,
        next_at=waiting.next_at if waiting else None,
        reply=limited.reply if limited else "",
    )
