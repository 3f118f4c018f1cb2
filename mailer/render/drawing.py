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
