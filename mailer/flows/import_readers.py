"""Import a list of readers at once: whoever asks waits for its end."""

import secrets
from collections.abc import Callable
from datetime import datetime
from io import SEEK_END
from typing import BinaryIO

from mailer.core.hygiene import clean_header
from mailer.core.reader_imports import ImportState, ReaderImport, Reading
from mailer.core.reader_lines import RejectedLine
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.run_import import run_import
from mailer.store.database import Database
from mailer.store.reader_imports import claim_import, forget_import, open_import, purge_imports

_LONGEST_CONSENT = 2000


def import_readers(
    database: Database,
    stream: BinaryIO,
    *,
    confirmed: bool,
    consent: str = "",
    clock: Callable[[], datetime],
    name: str = "readers.csv",
    actor: str = "command line",
    reading: Reading = Reading(),  # noqa: B008 - frozen
    dry: bool = False,
    signer: Signer | None = None,
    see: Callable[[int], None] = lambda _: None,
    tell: Callable[[RejectedLine], None] = lambda _: None,
) -> ReaderImport:
    """Add or change readers by address, and return what became of the lines.

    Columns: email, and any of name, locale, timezone, hour, format, quiet, newsletter, follows,
    cadence, consent, in any order and several languages. A column left out, or an empty cell,
    changes nothing of a reader who is there. `confirmed` makes them confirmed, by the words of
    `consent`; nobody becomes unconfirmed. Memory stays flat whatever the size of the seekable
    `stream`; each rejected line is given to `tell`. Again is no change. A `dry` import tells what
    it would do and leaves nothing behind. The `signer` finds suppressions of addresses that were
    erased. Raises InputError when the file as a whole cannot be read.
    """
    token = secrets.token_hex(8)
    with database.write() as connection:
        purge_imports(connection, clock())
        import_id = open_import(
            connection,
            name=clean_header(name),
            actor=clean_header(actor),
            state=ImportState.CHECKING if dry else ImportState.IMPORTING,
            confirmed=confirmed,
            consent=clean_header(consent, _LONGEST_CONSENT),
            reading=reading,
            size_bytes=stream.seek(0, SEEK_END),
            now=clock(),
        )
        job = claim_import(connection, token, clock(), import_id)
    if job is None:
        raise InputError("the import could not begin: try again")
    try:
        report = run_import(database, signer, job, token, stream, clock=clock, see=see, tell=tell)
    finally:
        if dry:
            with database.write() as connection:
                forget_import(connection, import_id)
    if report.state is ImportState.FAILED:
        if not report.record_count and not dry:
            with database.write() as connection:
                forget_import(connection, import_id)
        raise InputError(report.error)
    return report
