"""Give the readers that a search finds as CSV, line by line."""

from collections.abc import Iterator

from mailer.core.csv_cells import csv_line
from mailer.core.readers import ReaderState
from mailer.flows.export_whole import READER_COLUMNS
from mailer.store.database import Database
from mailer.store.reader_search import found_page


def export_found(
    database: Database, *, words: str = "", state: ReaderState | None = None, at_once: int = 500
) -> Iterator[str]:
    """Yield the lines of `readers.csv` of a whole export, only for the readers found.

    A page of them is in memory, and no connection is held while a slow browser takes it. No cell
    is a formula (S19).
    """
    # The mark by which spreadsheets know UTF-8.
    yield "\ufeff" + csv_line(READER_COLUMNS)
    after: int | None = 0
    while after is not None:
        with database.read() as connection:
            rows, after = found_page(
                connection, words=words, state=state, after_id=after, limit=at_once
            )
        yield from map(csv_line, rows)
