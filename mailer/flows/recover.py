"""Recover what dead workers left behind, and what waits for time or policy alone."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.deliveries import InDoubtPolicy
from mailer.flows.settle_doubts import SettledDoubts, settle_doubts
from mailer.store.database import Database
from mailer.store.ledger_lease import reap
from mailer.store.ledger_notices import are_notices_due
from mailer.store.ledger_steering import cancel_rows
from mailer.store.runs import finish_run, unfinished_run_ids

_BATCH = 1000  # Rows in one transaction: SQLite has one writer, who must not keep the others.


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows given back or held, rows now in doubt, and what still has work: runs, notices."""

    released_count: int
    in_doubt_count: int
    unfinished_run_ids: tuple[int, ...]
    notices_due: bool
    doubts: SettledDoubts


def recover(
    database: Database, *, now: datetime, policy: InDoubtPolicy = InDoubtPolicy.HOLD
) -> Recovered:
    """Take back expired leases, settle doubts, and name the runs whose bell should be rung again.

    Ends what is past its time in paused runs, and what a cancelled run still has.
    """
    with database.write() as connection:
        released, doubtful = reap(connection, now)
    more = True
    while more:
        with database.write() as connection:
            more = cancel_rows(connection, now, limit=_BATCH) == _BATCH
    doubts = settle_doubts(database, policy=policy, now=now)
    with database.write() as connection:
        for run_id in unfinished_run_ids(connection):
            finish_run(connection, run_id, now)
        left = tuple(unfinished_run_ids(connection))
        notices_due = are_notices_due(connection, now)
    return Recovered(released, doubtful, left, notices_due, doubts)
