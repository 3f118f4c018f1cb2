"""`mailer readers import`: a list of readers of any size, with a file of the lines not taken."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import SEEK_END
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, say
from mailer.cli.progress import progress
from mailer.cli.room import open_room, record
from mailer.core.csv_cells import reject_header, reject_line
from mailer.core.hygiene import clean_header, safe_terminal
from mailer.core.reader_imports import ReaderImport, Reading
from mailer.core.reader_lines import FIELDS, RejectedLine
from mailer.errors import InputError
from mailer.flows.import_readers import import_readers
from mailer.store.import_lines import reject_pages

_SHOWN = 100  # Lines not taken that a terminal shows; all of them stand in the file beside it.


def import_file(
    path: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="First line: email,name,…; - for stdin.")
    ],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They agreed elsewhere: send without asking again.")
    ] = False,
    consent: Annotated[
        str, typer.Option(help="With --confirmed: the words they agreed to, and where.")
    ] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Tell what it would do.")] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=NAME", help="Which column holds a field, if not guessed."),
    ] = None,
    encoding: Annotated[
        str, typer.Option(help="Such as windows-1252, euc-kr or shift_jis, if not guessed.")
    ] = "",
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the lines not taken go; FILE.rejects.csv."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import readers from CSV with columns email, name, locale, timezone, hour, format, quiet.

    A column newsletter with follows and cadence makes them follow. Every line not taken is named
    with its number, reason and mend, and written to a file to mend and import again; the others
    are taken (exit code 1). Again is no change; nobody who left is subscribed again.

    Example: mailer readers import list.csv --confirmed --consent "Ticked 'news by mail' at sign-up"
    """
    if confirmed and not consent.strip():
        raise InputError("--confirmed needs --consent: the words these readers agreed to")
    reading = Reading(encoding=encoding, columns=_columns(column or ()))
    dry_rejects: list[RejectedLine] = []
    with opened(path) as stream, open_room() as room:
        size = stream.seek(0, SEEK_END)
        with progress("reading", size, in_bytes=True, quiet=as_json) as see:
            report = import_readers(
                room.desk.database,
                stream,
                confirmed=confirmed,
                consent=consent,
                clock=room.clock,
                name=path.name,
                reading=reading,
                dry=dry,
                signer=room.desk.signer,
                see=see,
                tell=dry_rejects.append if dry else lambda _: None,
            )
        if not dry and (report.new_count or report.updated_count):
            what = f"{report.new_count} new, {report.updated_count} updated"
            record(room, "readers imported", path.name, f"{what}; {consent}" if consent else what)
        with room.desk.database.read() as connection:

            def lines() -> Iterator[RejectedLine]:
                return iter(dry_rejects) if dry else reject_pages(connection, report.id)

            written = None
            if report.rejected_count and not dry:
                written = write_rejects(rejects or _beside(path), report.found.header, lines())
            if as_json:
                print_json(_document(report, lines(), written))
            else:
                _tell(report, lines(), written, dry=dry)
    if report.rejected_count:
        raise typer.Exit(1)


def _tell(
    report: ReaderImport, lines: Iterator[RejectedLine], written: Path | None, *, dry: bool
) -> None:
    for words in report.notes:
        note(words)
    say(
        f"{'would be: ' if dry else ''}{report.new_count} new, {report.updated_count} updated, "
        f"{report.unchanged_count} unchanged, {report.rejected_count} rejected"
    )
    most = _SHOWN if sys.stderr.isatty() else None
    for line in islice(lines, most):
        # Not by `note`: there may be a hundred thousand.
        sys.stderr.write(safe_terminal(f"line {line.line}: {line.reason}; {line.mend}") + "\n")
    if most is not None and report.rejected_count > most:
        note(f"… and {report.rejected_count - most} more")
    if written:
        note(f"the lines not taken stand in {written}: mend them and import that file")


def _document(
    report: ReaderImport, lines: Iterator[RejectedLine], written: Path | None
) -> dict[str, object]:
    return {
        "new": report.new_count,
        "updated": report.updated_count,
        "unchanged": report.unchanged_count,
        "rejected": [
            {"line": r.line, "email": r.email, "reason": r.reason, "mend": r.mend} for r in lines
        ],
        "rejects_file": str(written) if written else None,
        "notes": list(report.notes),
    }


def _beside(path: Path) -> Path:
    return Path("readers.rejects.csv") if str(path) == "-" else path.with_suffix(".rejects.csv")


def write_rejects(path: Path, header: Sequence[str], lines: Iterator[RejectedLine]) -> Path:
    """Write lines not taken to a file to mend and import again; raises InputError."""
    try:
        # With the mark spreadsheets know UTF-8 by.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            file.write(reject_header(header))
            file.writelines(reject_line(header, line) for line in lines)
    except OSError as error:
        raise InputError(
            f"the readers are imported, but the lines not taken cannot be written to '{path}': "
            f"{error.strerror}; import again with --rejects FILE"
        ) from error
    return path


def _columns(texts: Sequence[str]) -> dict[str, str]:
    chosen = {}
    for text in texts:
        field, parted, name = text.partition("=")
        if not parted or not name.strip():
            raise InputError(
                f"'{clean_header(text, 80)}' names no column: write email=Address; "
                f"fields are {', '.join(FIELDS)}"
            )
        chosen[field.strip().casefold()] = name.strip()
    return chosen


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Give the file, or what stands on stdin: a pipe cannot go back, so it is kept on disk."""
    if str(path) == "-":
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            yield kept
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error
    with file:
        yield file
