"""A letter while its message is put together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mailer.core.digests import Item, Shown
from mailer.core.letters import Letter
from mailer.render.filling import Unfit, fill, fill_link, value_of
from mailer.render.letter_values import LetterValues
from mailer.render.probes import SECTIONS
from mailer.render.ready_pages import ReadySlot
from mailer.render.turns import Told


class Drawing:
    """A letter while it is put together: its values, in the scopes that slots name.

    `common` is what its mail depends on but for what is the reader's own.
    """

    __slots__ = ("common", "filled", "letter", "mail", "scopes", "sections", "told")

    def __init__(self, letter: Letter, values: LetterValues) -> None:
        self.letter = letter
        sections = letter.sections
        parts: list[Sequence[Item]] = [section.items for section in sections]
        told = [item for part in parts for item in part if item.shown is not Shown.LINKED]
        if not told:
            raise Unfit("it tells no story")
        if len(told) < sum(map(len, parts)):
            parts = [section.told for section in sections]
        self.told = told
        # What stands in text and HTML is filled in once.
        self.filled: dict[str, bytes] = {}
        self.common, texts = values.common(letter, told)
        self.mail = MailTexts(texts, **values.own(letter, told, self.filled))
        self.mail.say_place = partial(values.place, told[0])
        self.sections: list[Told] = [
            values.told(letter, section, items, told)
            for section, items in zip(sections, parts, strict=True)
        ]
        self.scopes: dict[str, Mapping[str, Any]] = {"mail": self.mail}

    def enter(self, number: int) -> None:
        """Let slots name what a section has; only sections with slots left need it."""
        texts, count = self.sections[number].texts.texts, len(self.sections)
        self.scopes["section"] = {**texts, "more_url": self.mail["more_url"]}
        self.scopes[f"loop {SECTIONS}"] = places(number, count)

    def fill(self, slot: ReadySlot) -> bytes:
        """Return a slot as it is in this letter."""
        scopes = self.scopes
        if slot.is_own:
            scope, name = slot.fields[0]
            value = scopes[scope][name]
            own = self.filled.get(value)
            return fill_link(slot.where, value, self.filled) if own is None else own
        values = tuple([scopes[scope][name] for scope, name in slot.fields])
        known: bytes | None = slot.memory.get(values)
        if known is None:
            known = fill(slot.where, value_of(slot.entry, scopes))
            slot.memory.keep(values, known)
        return known


class MailTexts(dict[str, str]):
    """The texts of a mail as a whole; its place is found out when a template asks for it."""

    say_place: Callable[[], str]

    def __missing__(self, name: str) -> str:
        if name != "place":
            raise KeyError(name)
        made = self["place"] = self.say_place()
        return made


def places(number: int, count: int) -> dict[str, str]:
    """Return what the variable `loop` says of a turn."""
    return {"index": str(number + 1), "index0": str(number), "length": str(count)}


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
