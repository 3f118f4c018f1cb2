"""Record what a reader changed, with its source: everything a block does to her choices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mailer.store.database import Connection
from mailer.store.reader_changes import add_change, read_choices
from mailer.store.readers import lock_reader


@dataclass(slots=True)
class Recording:
    """What came of it: `change_id` is None when nothing changed."""

    change_id: int | None = None


@contextmanager
def record_change(
    connection: Connection, reader_id: int, *, what: str, source: str, now: datetime
) -> Iterator[Recording]:
    """Hold the reader's row, let the block change her choices, and record before and after."""
    lock_reader(connection, reader_id)
    before = read_choices(connection, reader_id)
    recording = Recording()
    yield recording
    after = read_choices(connection, reader_id)
    if after.differs_from(before):
        recording.change_id = add_change(
            connection, reader_id, before, after, what=what, source=source, now=now
        )
