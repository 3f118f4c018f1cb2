"""Import readers from CSV. Every rejected line is reported with its number and reason."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.clocks import read_quiet
from mailer.core.hygiene import clean_header
from mailer.core.locales import read_hour, read_locale, read_timezone
from mailer.core.readers import MailFormat, Reader, ReaderState
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.reader_records import recall_suppression
from mailer.store.readers import add_reader, change_reader, look_up_reader

_COLUMNS = frozenset({"email", "name", "locale", "timezone", "hour", "format", "quiet"})
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was not taken; the header is line 1."""

    line: int
    email: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReaderImport:
    """How many readers were new, changed and unchanged, and the lines not taken."""

    new_count: int
    updated_count: int
    unchanged_count: int
    rejected: tuple[RejectedLine, ...]


def import_readers(
    database: Database,
    content: bytes,
    *,
    confirmed: bool,
    consent: str = "",
    now: datetime,
    dry: bool = False,
    signer: Signer | None = None,
) -> ReaderImport:
    """Add or change readers by address, all good lines in one transaction.

    Columns: email, and any of name, locale, timezone, hour, format, quiet, in any order, comma,
    semicolon or tab between them. A column left out, or an empty cell, changes nothing of a
    reader who is there. `confirmed` makes them confirmed, by
    the words of `consent`; nobody becomes unconfirmed. A `dry` import tells what it would do and
    writes nothing. The `signer` finds suppressions of addresses that were erased. Raises
    InputError when the file as a whole cannot be read.
    """
    rows = _rows(content)
    counts = {"new": 0, "updated": 0, "unchanged": 0}
    rejected: list[RejectedLine] = []
    first_line: dict[str, int] = {}
    with database.write() as connection:
        for line, row in rows:
            email = clean_header(row.get("email", ""), 80)
            try:
                address = read_address(row.get("email", ""))
                if address.key in first_line:
                    raise InputError(f"the same reader as line {first_line[address.key]}")
                first_line[address.key] = line
                there = look_up_reader(connection, address)
                wanted = _reader(row, there, address.shown, address.key, confirmed=confirmed)
            except InputError as error:
                rejected.append(RejectedLine(line, email, str(error)))
                continue
            if there is None:
                if not dry:
                    if signer is not None:
                        hashes = signer.keyed_hashes(address.key)
                        recall_suppression(connection, address.key, hashes)
                    add_reader(connection, wanted, now, consent)
                counts["new"] += 1
            elif wanted != there:
                if not dry:
                    change_reader(connection, wanted, now)
                counts["updated"] += 1
            else:
                counts["unchanged"] += 1
    return ReaderImport(counts["new"], counts["updated"], counts["unchanged"], tuple(rejected))


def _rows(content: bytes) -> list[tuple[int, Mapping[str, str]]]:
    if len(content) > _LARGEST:
        raise InputError("the file is larger than 64 MiB: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the file is not UTF-8 (byte {error.start}): save it as 'CSV UTF-8'"
        ) from error
    if "\0" in text:
        raise InputError("the file holds NUL characters: it is no CSV")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        if "email" not in names:
            there = clean_header(", ".join(names)) or "nothing"
            raise InputError(
                f"no column 'email' in the first line: it has {there}; "
                "the first line names the columns"
            )
        rows: list[tuple[int, Mapping[str, str]]] = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = {
                    name: cell.strip()
                    for name, cell in zip(names, cells, strict=False)
                    if name in _COLUMNS
                }
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is no CSV: {error}") from error
    return rows


def _reader(
    row: Mapping[str, str], there: Reader | None, email: str, key: str, *, confirmed: bool
) -> Reader:
    reader = there or Reader(
        id=0,
        email=email,
        email_key=key,
        name="",
        state=ReaderState.PENDING,
        locale="en",
        timezone="UTC",
        hour=None,
        format=MailFormat.HTML,
    )
    if reader.state is ReaderState.ERASED:
        raise InputError("this reader was erased: she can only subscribe again herself")
    if confirmed:
        reader = replace(reader, state=ReaderState.CONFIRMED)
    if name := row.get("name"):
        reader = replace(reader, name=clean_header(name, 100))
    if locale := row.get("locale"):
        reader = replace(reader, locale=read_locale(locale))
    if timezone := row.get("timezone"):
        reader = replace(reader, timezone=read_timezone(timezone))
    if hour := row.get("hour"):
        reader = replace(reader, hour=read_hour(hour))
    if quiet := row.get("quiet"):
        reader = replace(reader, quiet=read_quiet(quiet))
    if form := row.get("format"):
        try:
            reader = replace(reader, format=MailFormat(form.casefold()))
        except ValueError as error:
            raise InputError(f"unknown format '{form}': use html or text") from error
    return reader
