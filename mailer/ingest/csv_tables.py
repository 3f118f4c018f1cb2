"""CSV whose columns we know by their names: rows of cells by plain name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mailer.core.csv_cells import is_reject_header, plain_cell
from mailer.errors import InputError
from mailer.ingest.csv_lines import CsvFile, CsvRecord
from mailer.ingest.reader_columns import plain_name


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A record with its cells by the plain names of their columns; missing ones are empty."""

    record: CsvRecord
    columns: tuple[str, ...]
    cells: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def first(self, *names: str) -> str:
        """Return the first of these cells that is not empty."""
        return next((self[name] for name in names if self[name]), "")


class CsvTable:
    """A CSV file with a first line of names, open; `names` are the plain names."""

    def __init__(self, stream: BinaryIO, known: Sequence[str]) -> None:
        """Open a seekable stream; raises InputError when none of the known columns is there."""

        def weigh(cells: Sequence[str]) -> int:
            return sum(1 for cell in cells if plain_name(cell) in known)

        self._file = CsvFile(stream, weigh=weigh)
        self._records = iter(self._file)
        first = next(self._records, None)
        self.shown = first.cells if first else ()
        self.names = tuple(plain_name(cell) for cell in self.shown)
        if not set(self.names) & set(known):
            raise InputError(f"the first line names none of {', '.join(known)}")

    def __iter__(self) -> Iterator[CsvRow]:
        guarded = is_reject_header(self.shown)
        for record in self._records:
            texts = (plain_cell(cell) if guarded else cell for cell in record.cells)
            cells = dict(zip(self.names, map(str.strip, texts), strict=False))
            yield CsvRow(record, self.shown, cells)

    def close(self) -> None:
        """Let go of the stream."""
        self._file.close()
