"""A letter while its message is put together."""

from collections.abc import Mapping
from typing import Any

from mailer.core.digests import Item, Shown
from mailer.core.letters import Letter
from mailer.render.filling import Unfit
from mailer.render.letter_values import LetterValues


class Drawing:
    """A letter while it is put together: its values, in the scopes that slots name."""

    __slots__ = ("filled", "lead", "letter", "mail", "scopes", "sections", "told")

    def __init__(self, letter: Letter, values: LetterValues) -> None:
        self.letter = letter
        told: list[Item] = []
        parts: list[list[Item]] = []
        for section in letter.sections:
            parts.append([item for item in section.items if item.shown is not Shown.LINKED])
            told += parts[-1]
        if not told:
            raise Unfit("it tells no story")
        self.told = told
        self.mail = values.mail(letter, told)
        self.sections = [
            (values.section(section, len(items)), values.items(letter, items, told))
            for section, items in zip(letter.sections, parts, strict=True)
        ]
        self.lead: dict[str, Any] = {}
        self.scopes: dict[str, Mapping[str, str]] = {"mail": self.mail}
        # Links stand in the text and in the HTML.
        self.filled: dict[str, bytes] = {}


def append(out: list[bytes], piece: bytes) -> None:
    """Append a piece; of two empty lines in a row one is enough."""
    if piece[:2] == b"\r\n" and out:
        before = out[-1] if len(out[-1]) > 3 or len(out) < 2 else out[-2] + out[-1]
        if before[-4:] == b"\r\n\r\n":
            piece = piece[2:]
    if piece:
        out.append(piece)


def tidied(text: list[bytes]) -> list[bytes]:
    """Return pieces of text without empty lines at its ends."""
    start = 0
    while start < len(text) - 1 and not text[start].strip(b"\r\n"):
        start += 1
    text[start] = text[start].lstrip(b"\r\n")
    while len(text) > start + 1 and not text[-1].strip(b"\r\n"):
        del text[-1]
    text[-1] = text[-1].rstrip(b"\r\n") + b"\r\n"
    return text[start:] if start else text
