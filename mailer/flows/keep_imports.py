"""Imports from the desk and from programs: the file is kept, looked at, then taken by a worker.

Nothing is written of readers before somebody has seen what would be: rejected lines and counts.
"""

import io
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

from mailer.core.hygiene import clean_header
from mailer.core.reader_imports import LARGEST, ImportState, ReaderImport, Reading
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.run_import import run_import
from mailer.store.database import Database
from mailer.store.import_lines import forget_rejects
from mailer.store.reader_imports import (
    add_piece,
    claim_import,
    find_import,
    forget_file,
    imports_wait,
    keep_import,
    open_import,
    purge_imports,
    read_piece,
    turn_import,
)

PIECE = 256 * 1024  # A row of this size is a page's work for both databases.
_LONGEST_CONSENT = 2000
_AFRESH = {
    "record_count": 0,
    "new_count": 0,
    "updated_count": 0,
    "unchanged_count": 0,
    "rejected_count": 0,
    "done_bytes": 0,
}


def keep_file(
    database: Database,
    stream: BinaryIO,
    *,
    name: str,
    actor: str,
    confirmed: bool,
    consent: str,
    reading: Reading,
    now: datetime,
    check: bool = True,
) -> int:
    """Keep a file to be looked at, or without `check` to be taken at once; returns the import's id.

    Raises InputError for a file that is empty or too large, and for consent without words.
    """
    consent = clean_header(consent, _LONGEST_CONSENT)
    if confirmed and not consent:
        raise InputError("an import needs the words these readers agreed to, and where")
    stream.seek(0, io.SEEK_END)
    size = stream.tell()
    if not size:
        raise InputError("the file is empty")
    if size > LARGEST:
        raise InputError("the file is larger than 64 MiB: split it")
    stream.seek(0)
    with database.write() as connection:
        purge_imports(connection, now)
        import_id = open_import(
            connection,
            name=clean_header(name) or "readers.csv",
            actor=actor,
            state=ImportState.CHECKING if check else ImportState.IMPORTING,
            confirmed=confirmed,
            consent=consent,
            reading=reading,
            size_bytes=size,
            now=now,
        )
        position = 0
        while piece := stream.read(PIECE):
            add_piece(connection, import_id, position, piece)
            position += 1
    return import_id


def start_import(database: Database, import_id: int, *, now: datetime) -> None:
    """Let a file be taken that was looked at; raises InputError for any other."""
    _turn(database, import_id, ImportState.IMPORTING, waiting_since_at=now)


def read_again(database: Database, import_id: int, reading: Reading, *, now: datetime) -> None:
    """Look at a file once more, read in another way; raises InputError for one that is taken."""
    _turn(database, import_id, ImportState.CHECKING, reading=reading, waiting_since_at=now)


def _turn(database: Database, import_id: int, to: ImportState, **values: object) -> None:
    with database.write() as connection:
        state = find_import(connection, import_id).state
        if not turn_import(connection, import_id, [ImportState.CHECKED], to, **_AFRESH, **values):
            raise InputError(f"import {import_id} is {state}: only one that was checked goes on")
        forget_rejects(connection, import_id)


def cancel_import(database: Database, import_id: int, *, now: datetime) -> bool:
    """Stop an import; readers it took stay. False when it was over."""
    going = [state for state in ImportState if not state.is_over]
    with database.write() as connection:
        find_import(connection, import_id)
        cancelled = turn_import(connection, import_id, going, ImportState.CANCELLED, ended_at=now)
        if cancelled:
            forget_file(connection, import_id)
    return cancelled


def work_imports(
    database: Database,
    signer: Signer,
    *,
    clock: Callable[[], datetime],
    go_on: Callable[[], bool] = lambda: True,
    import_id: int | None = None,
) -> ReaderImport | None:
    """Go on with the import that waits longest, or with this one, while `go_on` says so.

    Returns how it stands, None when none waits. Any number of workers may ask.
    """
    with database.read() as connection:
        if not imports_wait(connection, clock()):
            return None
    token = secrets.token_hex(8)
    with database.write() as connection:
        job = claim_import(connection, token, clock(), import_id)
    if job is None:
        return None
    with io.BufferedReader(_KeptFile(database, job), PIECE) as stream:
        # A command that waited for its own import has died: nobody has its file.
        if job.size_bytes and not stream.peek(1):
            return _give_up(database, job, clock())
        report = run_import(database, signer, job, token, stream, clock=clock, go_on=go_on)
    with database.write() as connection:
        # Whoever looks next goes on at once.
        keep_import(connection, job.id, token, lease_until_at=None, waiting_since_at=clock())
    return report


def _give_up(database: Database, job: ReaderImport, now: datetime) -> ReaderImport:
    with database.write() as connection:
        turn_import(
            connection,
            job.id,
            [job.state],
            ImportState.FAILED,
            error="the command that read it has ended: import it again, what was taken stays",
            ended_at=now,
        )
        forget_file(connection, job.id)
        return find_import(connection, job.id)


class _KeptFile(io.RawIOBase):
    """The pieces of a kept file as one stream; one piece in memory."""

    def __init__(self, database: Database, job: ReaderImport) -> None:
        self._database, self._id, self._size = database, job.id, job.size_bytes
        self._at = 0
        self._piece: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        position, offset = divmod(self._at, PIECE)
        if self._piece[0] != position:
            with self._database.read() as connection:
                self._piece = (position, read_piece(connection, self._id, position))
        part = self._piece[1][offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
