"""CSV of any size, record by record: what cannot be read is told with its line, then it goes on.

Flat memory: a record has at most 64 KiB. A quotation mark that never closes would make one cell of
all the rest: it costs its own line and no other.
"""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mailer.ingest.csv_dialects import find_delimiter, find_encoding, read_encoding, told_delimiter

LONGEST = 64 * 1024
_MOST_LINES = 100  # Of one record: a cell with an address on paper has five.


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record; `line` is where it begins, the first line is 1. `problem` when it is broken."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""
    mend: str = ""


class CsvFile:
    """A CSV file, open at its first record. `notes` are what a person should know about it."""

    def __init__(
        self,
        stream: BinaryIO,
        *,
        weigh: Callable[[Sequence[str]], int],
        encoding: str = "",
        delimiter: str = "",
    ) -> None:
        """Open a seekable stream; `weigh` counts the names of columns among some cells.

        Raises InputError for what is no text, and for an encoding we do not know.
        """
        self.notes: tuple[str, ...] = ()
        if encoding:
            self.encoding = read_encoding(encoding)
            stream.seek(0)
        else:
            found = find_encoding(stream)
            self.encoding = found.name
            self.notes = (found.note,) if found.note else ()
        # Bytes that mean nothing show as a question mark: an address with one is refused.
        self._text = io.TextIOWrapper(stream, self.encoding, errors="replace", newline="")
        self._lines = _Lines(self._text)
        first = self._lines.look()
        self.delimiter = delimiter or told_delimiter(first)
        if told_delimiter(first):
            self._lines.skip()
            first = self._lines.look()
        self.delimiter = self.delimiter or find_delimiter(first, weigh)

    def __iter__(self) -> Iterator[CsvRecord]:
        """Yield the records that hold anything, the first line among them."""
        lines = self._lines
        while True:
            for cells in csv.reader(lines, delimiter=self.delimiter):
                if lines.ended or lines.broken:
                    # It asked for one line more and got none: a cell is still open.
                    break
                line, _ = lines.taken()
                if any(cell.strip() for cell in cells):
                    yield _looked_at(CsvRecord(line, tuple(cells)))
            else:
                if not lines.broken:
                    return
            yield self._open_cell(*lines.taken())

    def _open_cell(self, line: int, record: Sequence[str]) -> CsvRecord:
        first = record[0]
        self._lines.put_back(record[1:])
        cells = next(csv.reader([first], delimiter=self.delimiter, quoting=csv.QUOTE_NONE), [])
        if len(first) >= LONGEST:
            return CsvRecord(line, (first[:200],), "the line is longer than 64 KiB", "shorten it")
        return CsvRecord(
            line,
            tuple(cells),
            "a quotation mark opens a cell here and none closes it",
            'close the cell, or write a quotation mark inside a cell twice: ""',
        )

    def close(self) -> None:
        """Let go of the stream, which stays open."""
        self._text.detach()


def _looked_at(record: CsvRecord) -> CsvRecord:
    if any("\0" in cell for cell in record.cells):
        cells = tuple(cell.replace("\0", "") for cell in record.cells)
        return CsvRecord(
            record.line, cells, "the line holds NUL characters", "take them out of the line"
        )
    return record


class _Lines:
    """The physical lines of a text, which remember what a record took and can be put back.

    `ended` when a record asked for a line after the last; `broken` when one asked for too many.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._number = 0  # Of the last line that was given.
        self.ended = self.broken = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size >= LONGEST or len(self._taken) >= _MOST_LINES:
            self.broken = True
            raise StopIteration
        line = self._back.popleft() if self._back else self._read()
        if not line:
            self.ended = bool(self._taken)
            raise StopIteration
        self._number += 1
        self._taken.append(line)
        self._size += len(line)
        if len(line) >= LONGEST:
            self.broken = True
            raise StopIteration
        return line

    def look(self) -> str:
        """Return the first line without taking it."""
        line = self._read()
        self._back.append(line)
        return line

    def skip(self) -> None:
        """Take the line that was looked at."""
        self._back.popleft()
        self._number += 1

    def taken(self) -> tuple[int, list[str]]:
        """Return what the record took, with the number of its first line, and begin another."""
        record = self._taken
        first = self._number - len(record) + 1
        self._taken, self._size = [], 0
        return first, record

    def put_back(self, record: Sequence[str]) -> None:
        """Give these lines again."""
        self._back.extendleft(reversed(record))
        self._number -= len(record)
        self.ended = self.broken = False

    def _read(self) -> str:
        line = self._text.readline(LONGEST)
        piece = line
        while len(piece) >= LONGEST and not piece.endswith(("\n", "\r")):
            piece = self._text.readline(LONGEST)
        return line
