"""Read a list of readers to its end, a batch a transaction: killed at any moment, it goes on there.

The row of the import is written in the same transaction as the readers of a batch, and only by the
worker that holds its lease: no line is taken twice, and the counts add up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import BinaryIO

from mailer.core.csv_cells import is_reject_header, plain_cell
from mailer.core.hygiene import clean_header
from mailer.core.reader_imports import BATCH, LEASE, Found, ImportState, ReaderImport, Reading
from mailer.core.reader_lines import ReaderLine, RejectedLine, UnusableLine, read_reader_line
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.take_reader_lines import Newsroom, Terms, rejected, take_reader_lines
from mailer.ingest.csv_lines import CsvFile, CsvRecord
from mailer.ingest.reader_columns import Columns, find_columns, known_names
from mailer.store.database import Connection, Database
from mailer.store.import_lines import add_rejects, lines_before, remember_lines
from mailer.store.reader_imports import find_import, forget_file, keep_import, turn_import

_SAMPLE = 20
_SHOWN_LINES, _SHOWN_SAMPLE = 5, 100
_SHOWN_CELL = 2000  # Of each cell of a rejected line: enough to mend it.
_MOST_CELLS = 100


def run_import(
    database: Database,
    signer: Signer | None,
    job: ReaderImport,
    token: str,
    stream: BinaryIO,
    *,
    clock: Callable[[], datetime],
    go_on: Callable[[], bool] = lambda: True,
    see: Callable[[int], None] = lambda _: None,
    tell: Callable[[RejectedLine], None] = lambda _: None,
) -> ReaderImport:
    """Go on with an import this worker holds while `go_on` says so, and return how it stands.

    `see` is shown how many bytes are read, `tell` each rejected line. A file that cannot be read
    at all fails the import; what was taken before stays.
    """
    try:
        with OpenedFile(stream, job.reading) as (file, records):
            reading = _Reading(database, signer, job, token=token, clock=clock, file=file)
            for _ in islice(records, job.record_count):
                pass
            while go_on() and (batch := list(islice(records, BATCH))):
                if not reading.take(batch, done_bytes=stream.tell(), tell=tell):
                    break
                see(stream.tell())
            else:
                if go_on():
                    reading.end()
    except InputError as error:
        with database.write() as connection:
            turn_import(
                connection,
                job.id,
                [job.state],
                ImportState.FAILED,
                error=str(error),
                ended_at=clock(),
            )
            forget_file(connection, job.id)
    with database.read() as connection:
        return find_import(connection, job.id)


@dataclass(frozen=True, slots=True)
class _File:
    """What a file turned out to be."""

    columns: Columns
    found: Found
    notes: tuple[str, ...]


class OpenedFile:
    """A file of readers, open: what it is, and its records after the line that names the columns.

    Raises InputError for what is no such file.
    """

    def __init__(self, stream: BinaryIO, reading: Reading) -> None:
        self._file = CsvFile(
            stream, weigh=known_names, encoding=reading.encoding, delimiter=reading.delimiter
        )
        self._chosen = reading.columns

    def __enter__(self) -> tuple[_File, Iterator[CsvRecord]]:
        try:
            records = iter(self._file)
            head = list(islice(records, _SAMPLE + 1))
            if not head:
                raise InputError("no column 'email' in the first line: the file is empty")
            if head[0].problem:
                raise InputError(f"the first line cannot be read: {head[0].problem}")
            following = [record.cells for record in head[1:]]
            columns = find_columns(head[0].cells, following, self._chosen)
        except BaseException:
            self._file.close()
            raise
        first = head[1:] if columns.has_header else head
        found = Found(
            encoding=self._file.encoding,
            delimiter=self._file.delimiter,
            header=columns.header,
            places=columns.places,
            sample=tuple(_shown(record.cells, _SHOWN_SAMPLE) for record in first[:_SHOWN_LINES]),
        )
        notes = (*self._file.notes, *columns.notes)
        return _File(columns, found, notes), chain(first, records)

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _Reading:
    """One worker's part of an import."""

    def __init__(
        self,
        database: Database,
        signer: Signer | None,
        job: ReaderImport,
        *,
        token: str,
        clock: Callable[[], datetime],
        file: _File,
    ) -> None:
        self._database = database
        self._job_id, self._token, self._clock = job.id, token, clock
        self._checking = job.state is ImportState.CHECKING
        self._columns = file.columns
        self._guarded = is_reject_header(file.columns.names)
        self._found = {"found": file.found, "notes": list(file.notes)}
        self._terms = Terms(
            confirmed=job.confirmed,
            consent=job.consent,
            source=f"{job.name}, imported by {job.actor}",
            signer=signer,
            dry=self._checking,
        )
        self._counts = {
            "record_count": job.record_count,
            "new_count": job.new_count,
            "updated_count": job.updated_count,
            "unchanged_count": job.unchanged_count,
            "rejected_count": job.rejected_count,
        }
        self._newsroom: Newsroom | None = None

    def take(
        self,
        records: Sequence[CsvRecord],
        *,
        done_bytes: int,
        tell: Callable[[RejectedLine], None],
    ) -> bool:
        """Take a batch; False when the import is in other hands, or was cancelled."""
        now = self._clock()
        read, bad = self._read(records)
        cells_of = {record.line: record.cells for record in records}
        counts = dict(self._counts)
        with self._database.write() as connection:
            fresh, doubled = self._apart(connection, read)
            self._newsroom = self._newsroom or Newsroom(connection)
            taken = take_reader_lines(connection, self._newsroom, fresh, self._terms, now)
            away = [
                _with_cells(line, cells_of[line.line])
                for line in sorted([*bad, *doubled, *taken.rejected], key=lambda r: r.line)
            ]
            counts["record_count"] += len(records)
            counts["new_count"] += taken.new_count
            counts["updated_count"] += taken.updated_count
            counts["unchanged_count"] += taken.unchanged_count
            counts["rejected_count"] += len(away)
            if not keep_import(
                connection,
                self._job_id,
                self._token,
                **counts,
                done_bytes=done_bytes,
                **self._found,
                lease_until_at=now + LEASE,
            ):
                connection.rollback()
                return False
            remember_lines(connection, self._job_id, [(x.address.key, x.line) for x in fresh])
            add_rejects(connection, self._job_id, away)
        self._counts = counts
        for line in away:
            tell(line)
        return True

    def end(self) -> None:
        """Say that the file is read to its end."""
        with self._database.write() as connection:
            job = find_import(connection, self._job_id)
            end = ImportState.CHECKED if self._checking else ImportState.DONE
            values: dict[str, object] = {**self._found, "done_bytes": job.size_bytes}
            if not self._checking:
                values["ended_at"] = self._clock()
            if not keep_import(connection, self._job_id, self._token, **values):
                return
            turn_import(connection, self._job_id, [job.state], end)
            if not self._checking:
                forget_file(connection, self._job_id)

    def _read(self, records: Sequence[CsvRecord]) -> tuple[list[ReaderLine], list[RejectedLine]]:
        read: list[ReaderLine] = []
        bad: list[RejectedLine] = []
        for record in records:
            row = self._columns.row(record.cells)
            if self._guarded:
                row = {field: plain_cell(cell) for field, cell in row.items()}
            try:
                if record.problem:
                    raise UnusableLine(record.problem, record.mend)
                self._require_width(record.cells)
                read.append(read_reader_line(record.line, row))
            except UnusableLine as error:
                email = clean_header(row.get("email", ""), 80)
                bad.append(RejectedLine(record.line, email, str(error), error.mend))
        return read, bad

    def _require_width(self, cells: Sequence[str]) -> None:
        width = len(self._columns.names)
        if width and any(cell.strip() for cell in cells[width:]):
            raise UnusableLine(
                f"{len(cells)} cells, and the first line names {width}",
                "write a value that holds a comma in quotation marks",
            )

    def _apart(
        self, connection: Connection, lines: Sequence[ReaderLine]
    ) -> tuple[list[ReaderLine], list[RejectedLine]]:
        """Return the lines of readers who come for the first time, and the others."""
        first = lines_before(connection, self._job_id, [line.address.key for line in lines])
        fresh: list[ReaderLine] = []
        doubled: list[RejectedLine] = []
        for line in lines:
            before = first.setdefault(line.address.key, line.line)
            if before == line.line:
                fresh.append(line)
            else:
                error = UnusableLine(f"the same reader as line {before}", "keep one of the two")
                doubled.append(rejected(line, error))
        return fresh, doubled


def _with_cells(line: RejectedLine, cells: Sequence[str]) -> RejectedLine:
    return replace(line, cells=_shown(cells, _SHOWN_CELL))


def _shown(cells: Sequence[str], longest: int) -> tuple[str, ...]:
    return tuple(cell.replace("\0", "")[:longest] for cell in cells[:_MOST_CELLS])
