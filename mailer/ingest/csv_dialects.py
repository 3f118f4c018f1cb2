"""How a CSV file is written: its encoding and what stands between its cells."""

import codecs
import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

DELIMITERS: Final = ",;\t|"
_HEAD = 64 * 1024
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people upload when they were asked for CSV.
_OTHERS: Final = (
    (b"PK\x03\x04", "an Excel or zip file: save the sheet as 'CSV UTF-8', or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file: save the sheet as 'CSV UTF-8'"),
    (b"%PDF", "a PDF: export the readers as CSV"),
    (b"\x1f\x8b", "compressed: unpack it first"),
)
# Encodings people still export with; anything else Python knows is no encoding of a spreadsheet.
_NAMED: Final = re.compile(
    r"utf-?8(-sig)?|utf-?16(-?[bl]e)?|latin-?1|iso-?8859-\d{1,2}|(windows-|cp)(125\d|932|936|949|950)"
    r"|euc-(jp|kr)|gb18030|gbk|gb2312|big5|shift[_-]jis|koi8-[ru]|mac-?roman|tis-620"
)
_SEPARATOR = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and what a person should know about how it was found; "" for nothing."""

    name: str
    note: str = ""


def read_encoding(text: str) -> str:
    """Return the name of an encoding a person asked for; raises InputError."""
    name = text.strip().casefold()
    if not _NAMED.fullmatch(name):
        raise InputError(
            f"unknown encoding '{clean_header(text, 40)}': use utf-8, utf-16, windows-1252, "
            "euc-kr, shift_jis, gb18030 or big5"
        )
    return name


def find_encoding(stream: BinaryIO) -> Encoding:
    """Find out how a file is encoded; reads all of it, a piece at a time, and goes back to 0.

    A byte order mark is believed; without one it is UTF-8 when every byte of the file fits, and
    Windows-1252, which takes any byte, when one does not. Raises InputError for what is no text.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise InputError(f"this is no CSV, it is {what}")
    found = _by_head(head) or _by_every_byte(stream, head)
    stream.seek(0)
    return found


def _by_head(head: bytes) -> Encoding | None:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name)
    # UTF-16 without a mark: most of a list of addresses is ASCII, so every other byte is 0.
    pairs = max(len(head) // 2, 1)
    even, odd = head[0::2], head[1::2]
    for name, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > 0.6 * pairs and letters.count(0) < 0.1 * pairs:
            return Encoding(name, f"no byte order mark: read as {name.upper()}")
    if head.count(0) > max(8, len(head) // 50):
        raise InputError("this is no CSV: it is full of NUL characters")
    return None


def _by_every_byte(stream: BinaryIO, head: bytes) -> Encoding:
    decoder = codecs.getincrementaldecoder("utf-8")()
    position, piece = 0, head
    try:
        while piece:
            decoder.decode(piece)
            position += len(piece)
            piece = stream.read(_HEAD)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return Encoding(
            "windows-1252",
            f"byte {position + error.start} is no UTF-8: read as Windows-1252; if names look "
            "wrong, name the encoding, or save the file as 'CSV UTF-8'",
        )
    return Encoding("utf-8")


def find_delimiter(line: str, weigh: Callable[[Sequence[str]], int]) -> str:
    """Return what parts the cells of a first line: the one that gives the most cells we know.

    `weigh` says how many of some cells are names of columns.
    """

    def worth(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        return weigh(cells), len(cells)

    return max(DELIMITERS, key=worth)


def told_delimiter(line: str) -> str:
    """Return the delimiter of a line `sep=;`, which Excel writes first; "" for any other line."""
    found = _SEPARATOR.fullmatch(line)
    return found[1] if found else ""
