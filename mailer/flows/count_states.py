"""Count the deliveries of the whole ledger by state, without reading all of it each time."""

import threading
from collections import Counter
from collections.abc import Mapping

from mailer.core.deliveries import TERMINAL, DeliveryState
from mailer.core.runs import RunState
from mailer.store.dashboard import RunStanding, notice_counts, run_standings
from mailer.store.database import Database
from mailer.store.runs import count_deliveries


class StateCounter:
    """Remembers the counts of runs that are over; a ledger of 30 million rows has few others.

    A run is over when it is done and nothing of it can move any more; one that was opened again
    ends at another moment, and is counted anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._over: dict[RunStanding, Mapping[DeliveryState, int]] = {}

    def count(self) -> Mapping[DeliveryState, int]:
        """Return how many deliveries are in each state."""
        with self._lock:
            with self._database.read() as connection:
                standing = run_standings(connection)
                asked = [run.id for run in standing if run not in self._over]
                counts = count_deliveries(connection, asked)
                total = Counter(notice_counts(connection))
            found = {run: self._over.get(run, counts.get(run.id, {})) for run in standing}
            for one in found.values():
                total.update(one)
            self._over = {run: one for run, one in found.items() if _is_over(run, one)}
            return total


def _is_over(run: RunStanding, counts: Mapping[DeliveryState, int]) -> bool:
    return run.state is RunState.DONE and TERMINAL.issuperset(counts)
