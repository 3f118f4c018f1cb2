"""Cells of CSV files that people open in a spreadsheet: none may be taken for a formula (S19)."""

import csv
import io
from collections.abc import Iterable, Sequence

from mailer.core.reader_lines import RejectedLine

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
GUARD = "'"
# What our files of rejected lines add to each line.
REJECT_COLUMNS = ("rejected line", "reason", "mend")


def safe_cell(text: str) -> str:
    """Return a cell that is no formula: one that would begin as such begins with an apostrophe.

    A cell that begins with an apostrophe before such a sign gets one, too, so that `plain_cell`
    gives back what it was.
    """
    return f"{GUARD}{text}" if text.lstrip(GUARD).startswith(_FORMULA) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given."""
    guarded = text.startswith(GUARD) and text.lstrip(GUARD).startswith(_FORMULA)
    return text.removeprefix(GUARD) if guarded else text


def is_reject_header(names: Sequence[str]) -> bool:
    """Say whether a first line is one of our files of rejected lines: its cells are guarded."""
    return tuple(name.strip().casefold() for name in names[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS


def csv_line(cells: Iterable[object]) -> str:
    """Return a line of CSV that ends in CRLF (RFC 4180), safe for spreadsheets."""
    text = io.StringIO()
    csv.writer(text).writerow(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return text.getvalue()


def reject_header(header: Sequence[str]) -> str:
    """Return the first line of a file of rejected lines.

    Why a line was not taken stands before its cells, so that a cell too many hangs over the end.
    """
    mine = is_reject_header(header)
    return csv_line([*REJECT_COLUMNS, *(header[len(REJECT_COLUMNS) :] if mine else header)])


def reject_line(header: Sequence[str], line: RejectedLine) -> str:
    """Return a rejected line for a file to mend and import again."""
    cells = line.cells[len(REJECT_COLUMNS) :] if is_reject_header(header) else line.cells
    return csv_line([line.line, line.reason, line.mend, *cells])
