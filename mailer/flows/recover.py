"""Recover what dead workers left behind."""

from dataclasses import dataclass
from datetime import datetime

from mailer.store.database import Database
from mailer.store.ledger_lease import reap
from mailer.store.runs import finish_run, unfinished_runs


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows given back or held, rows now in doubt, and runs that still have work."""

    released_count: int
    in_doubt_count: int
    unfinished_run_ids: tuple[int, ...]


def recover(database: Database, *, now: datetime) -> Recovered:
    """Take back expired leases and name the runs whose bell should be rung again."""
    with database.write() as connection:
        released, doubtful = reap(connection, now)
        for run in unfinished_runs(connection):
            finish_run(connection, run.id, now)
        left = tuple(run.id for run in unfinished_runs(connection))
    return Recovered(released, doubtful, left)
