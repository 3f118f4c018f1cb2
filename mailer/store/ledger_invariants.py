"""What must hold in the ledger at every instant: RELIABILITY section 1, checked by SQL alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from mailer.core.deliveries import MOST_ATTEMPTS
from mailer.store import ledger_breaches as breaches

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """A claim, and the query that selects the ids of those that break it: deliveries or runs."""

    name: str
    claim: str
    of: str
    breaking: Callable[[datetime], Select[Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """How many break an invariant, and the first of them; none when it holds."""

    invariant: Invariant
    count: int
    ids: tuple[int, ...]


def check_invariants(connection: Connection, now: datetime) -> list[Finding]:
    """Check all of them, in order."""
    findings = []
    for invariant in INVARIANTS:
        broken = invariant.breaking(now).distinct().subquery()
        rows = connection.execute(
            select(broken.c.id, func.count().over()).order_by(broken.c.id).limit(_SHOWN)
        ).all()
        count = rows[0][1] if rows else 0
        findings.append(Finding(invariant, count, tuple(row[0] for row in rows)))
    return findings


INVARIANTS = (
    Invariant(
        "one row per key", "each key and each Message-ID stands once", "delivery", breaches.twice
    ),
    Invariant(
        "only the arrows",
        "no history has a move the ledger forbids",
        "delivery",
        breaches.off_the_arrows,
    ),
    Invariant(
        "state as recorded",
        "each row stands where its history left it",
        "delivery",
        breaches.unlike_history,
    ),
    Invariant(
        "terminal rows rest",
        "nothing moves after its end",
        "delivery",
        breaches.moved_after_the_end,
    ),
    Invariant(
        "accepted by the server",
        "accepted rows, and no others, have exactly one 2xx answer",
        "delivery",
        breaches.accepted_without_proof,
    ),
    Invariant(
        "marked before sent",
        "nothing was sent without a mark under a lease",
        "delivery",
        breaches.sent_unmarked,
    ),
    Invariant(
        "consent before mark",
        "nothing was marked after its reader unsubscribed or was suppressed",
        "delivery",
        breaches.marked_without_consent,
    ),
    Invariant(
        "counts add up", "what was planned is the sum over all states", "run", breaches.miscounted
    ),
    Invariant(
        "done is done",
        "a run that is done has nothing left to send",
        "run",
        breaches.done_too_early,
    ),
    Invariant(
        "same bytes again",
        "each attempt of a mail sends the same bytes",
        "delivery",
        breaches.other_bytes,
    ),
    Invariant(
        "attempts are bounded",
        f"no mail is tried more than {MOST_ATTEMPTS} times in one life",
        "delivery",
        breaches.tried_too_often,
    ),
    Invariant(
        "retries move on",
        "no mail is due before the moment it was put off",
        "delivery",
        breaches.due_before_it_was_put_off,
    ),
    Invariant(
        "settled in time",
        "no mail is on its way after its time; 'mailer drain' ends what nobody looks at",
        "delivery",
        breaches.overdue,
    ),
    Invariant(
        "a story once",
        "a reader has a story at a revision in at most one mail that stands",
        "delivery",
        breaches.given_twice,
    ),
    Invariant(
        "stories follow their mail",
        "stories count as given while their mail stands, and only then",
        "delivery",
        breaches.given_wrongly,
    ),
    Invariant(
        "all it names is there",
        "what a mail names is there: its run, reader, subscription and stories",
        "delivery",
        breaches.without_what_it_names,
    ),
)
