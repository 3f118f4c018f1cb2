"""Purge: delete what has had its time, a little in each transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailer.core.retention import Retention
from mailer.store.aged import aged_rows, delete_aged, find_aged
from mailer.store.database import Database

_BATCH = 200  # Rows of a transaction: contents of editions are some hundred kilobytes each.


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of each kind were deleted; `more` when there was no time for all."""

    counts: Mapping[str, int]
    more: bool = False


def purge(
    database: Database,
    keep: Retention,
    *,
    now: datetime,
    batch: int = _BATCH,
    go_on: Callable[[], bool] = lambda: True,
) -> Purged:
    """Delete what is older than it is kept; again finds nothing. The ledger keeps every row.

    `go_on` is asked before each batch.
    """
    counts: dict[str, int] = {}
    for aged in aged_rows(keep, now):
        counts[aged.name] = 0
        gone = batch
        while gone == batch:
            if not go_on():
                return Purged(counts, more=True)
            with database.read() as connection:
                keys = find_aged(connection, aged, batch)
            gone = 0
            if keys:
                with database.write() as connection:
                    gone = delete_aged(connection, aged, keys)
            counts[aged.name] += gone
    return Purged(counts)
