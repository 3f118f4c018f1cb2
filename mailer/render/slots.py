"""What stands in a template's output for what only the reader knows.

While an edition is compiled each such value is a slot: it prints a token of letters and digits,
random for each compile, so that no story can carry one and every step can be checked for losses.
What a template does to a slot besides printing it is refused, or put off until there is a value.
"""

import re
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final, Self

# How a token came into the output: printed as it is, escaped for HTML, or put there by us.
RAW: Final = "r"
ESCAPED: Final = "e"
MARK: Final = "m"
# Filters that give several lines of one.
MAKES_LINES: Final = frozenset(("wrap", "underlined"))


class Uncuttable(Exception):  # noqa: N818 - it is no error: the mail goes the plain way
    """A template does what cannot be compiled; the message says what, to its author.

    `file` and `line` are its place, "" and 0 when there is none.
    """

    def __init__(self, message: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the letter: `scope` is mail, section, item, lead or a loop, `name` what it has."""

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """A filter over text with slots in it, applied once they have values."""

    filter: str
    arguments: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...]
    parts: "tuple[str | Field | PutOff, ...]"


@dataclass(frozen=True, slots=True)
class Mark:
    """A border of loops: `begin`, `enter`, `leave` or `end`; or a `seen` that must survive."""

    kind: str
    about: Any = None


class Slot(str):
    """A text that is not known yet. It prints its token, and says how it was printed."""

    __slots__ = ("_escaped",)
    _escaped: str

    def __new__(cls, tokens: "Tokens", number: int) -> Self:
        """Make the slot of an entry."""
        slot = super().__new__(cls, tokens.text(number, RAW))
        slot._escaped = tokens.text(number, ESCAPED)
        return slot

    def __html__(self) -> str:
        """Return the token for a place where HTML is escaped."""
        return self._escaped


class NumberSlot:
    """A number that is not known yet: it can be printed and nothing else."""

    __slots__ = ("_slot",)

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __str__(self) -> str:
        return str(self._slot)

    def __html__(self) -> str:
        """Return the token for a place where HTML is escaped."""
        return self._slot.__html__()

    def __bool__(self) -> bool:
        raise Uncuttable("it decides by a count, such as loop.index or mail.story_count")


class Tokens:
    """The slots and marks of one compile."""

    def __init__(self) -> None:
        self.prefix = f"zq7x{token_hex(8)}n"
        self.pattern = re.compile(rf"{self.prefix}(\d+)([rem])x")
        self._entries: list[Field | PutOff | Mark] = []
        self._slots: dict[Field | PutOff, Slot] = {}

    def __getitem__(self, number: int) -> Field | PutOff | Mark:
        return self._entries[number]

    def text(self, number: int, kind: str) -> str:
        """Return the token of an entry."""
        return f"{self.prefix}{number}{kind}x"

    def slot(self, entry: Field | PutOff) -> Slot:
        """Return the slot of an entry, always the same."""
        known = self._slots.get(entry)
        if known is None:
            self._entries.append(entry)
            known = self._slots[entry] = Slot(self, len(self._entries) - 1)
        return known

    def mark(self, kind: str, about: Any = None) -> str:
        """Return the token of a new mark."""
        self._entries.append(Mark(kind, about))
        return self.text(len(self._entries) - 1, MARK)

    def are_in(self, text: str) -> bool:
        """Say whether a text holds a token, however it was changed since."""
        return self.prefix in text or self.prefix in text.lower()

    def split(self, text: str) -> "list[str | tuple[int, str]]":
        """Return texts and (number of an entry, how it was printed), in order.

        Raises Uncuttable when a token was changed or parted.
        """
        parts: list[str | tuple[int, str]] = []
        end = 0
        for found in self.pattern.finditer(text):
            parts += [text[end : found.start()], (int(found[1]), found[2])]
            end = found.end()
        parts.append(text[end:])
        if any(isinstance(part, str) and self.are_in(part) for part in parts):
            raise Uncuttable("it changes what is different for each reader")
        return [part for part in parts if part != ""]

    def put_off(
        self, name: str, text: str, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Slot:
        """Return the slot of a filter over a text with slots in it."""
        parts: list[str | Field | PutOff] = []
        for part in self.split(text):
            if isinstance(part, str):
                parts.append(part)
                continue
            entry = self._entries[part[0]]
            if isinstance(entry, Mark) or part[1] != RAW:
                raise Uncuttable(f"it puts stories through the filter '{name}'")
            parts.append(entry)
        return self.slot(PutOff(name, arguments, tuple(options.items()), tuple(parts)))
