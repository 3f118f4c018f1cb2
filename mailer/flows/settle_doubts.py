"""Settle doubts: what becomes of mail that may or may not have been accepted (I1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.deliveries import InDoubtPolicy
from mailer.store.database import Database
from mailer.store.ledger_reading import doubtful_count
from mailer.store.ledger_steering import DoubtRule, hold_doubts, resend_doubts

_BATCH = 500
# Somebody waits for it: once more, at once. Other mail has time for a late answer.
_AWAITED_RESENDS = 1
_OTHER_RESENDS = 2
_OTHER_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SettledDoubts:
    """Rows queued again, rows held, and all that now wait for an operator."""

    resent_count: int
    held_count: int
    doubtful_count: int


def settle_doubts(database: Database, *, policy: InDoubtPolicy, now: datetime) -> SettledDoubts:
    """Queue rows in doubt again, with the Message-ID they have, as far as the policy lets them.

    Alerts, and notices somebody waits for, go out once more whatever the policy. Digests and other
    notices stay in doubt under HOLD; under RESEND they go out twice more, five minutes later each
    time. What may not go out again is held.
    """
    rules = [DoubtRule(awaited=True, most_resends=_AWAITED_RESENDS, not_before_at=now)]
    if policy is InDoubtPolicy.RESEND:
        later = now + _OTHER_WAIT
        rules.append(DoubtRule(awaited=False, most_resends=_OTHER_RESENDS, not_before_at=later))
    resent_count = held_count = 0
    for rule in rules:
        moved = _BATCH
        while moved == _BATCH:
            with database.write() as connection:
                resent = resend_doubts(connection, rule, now, limit=_BATCH)
                held = hold_doubts(connection, rule, now, limit=_BATCH)
            resent_count += resent
            held_count += held
            moved = max(resent, held)
    with database.read() as connection:
        return SettledDoubts(resent_count, held_count, doubtful_count(connection))
