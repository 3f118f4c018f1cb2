"""An import of readers: what was asked for, how far it is, what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# Rejected lines hold addresses of people who are no readers: they go when they were mended, or not.
KEPT = timedelta(days=30)
# A file that was looked at and never taken.
FORGOTTEN = timedelta(days=7)
LARGEST = 64 * 1024 * 1024  # A million readers in one file; more are several files.
LEASE = timedelta(seconds=60)  # A batch takes less than a second: its worker has died.
BATCH = 1000
PATIENCE = timedelta(seconds=10)  # Workers look every two seconds.


class ImportState(StrEnum):
    """CHECKING looks and writes no reader; CHECKED waits for an operator; IMPORTING writes."""

    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has something to do."""
        return self in (ImportState.CHECKING, ImportState.IMPORTING)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file; what is empty is found out. `columns`: a field's column, by its name."""

    encoding: str = ""
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """How a file was read: where each field stands in `header`, and its first lines."""

    encoding: str = ""
    delimiter: str = ""
    header: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderImport:
    """An import as the store has it."""

    id: int
    name: str
    actor: str
    state: ImportState
    confirmed: bool
    consent: str
    reading: Reading
    size_bytes: int
    done_bytes: int
    record_count: int
    new_count: int
    updated_count: int
    unchanged_count: int
    rejected_count: int
    found: Found
    notes: tuple[str, ...]
    error: str
    created_at: datetime
    ended_at: datetime | None
    free_from_at: datetime | None = None

    def waits_in_vain(self, now: datetime) -> bool:
        """Say whether no worker has taken it for longer than one that runs would need."""
        free_from = self.free_from_at
        return self.state.is_at_work and free_from is not None and now - free_from > PATIENCE

    @property
    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return min(self.done_bytes / self.size_bytes, 1.0) if self.size_bytes else 1.0
