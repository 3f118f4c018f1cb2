"""Cutting what a template drew into pieces: what is the same for all, slots, and loops.

A piece starts and ends where a line does, or both of its neighbours go on in the same line: so
pieces can be encoded one by one, and put together in any number and order.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mailer.render.probes import OF_MAIL, OF_SECTION, SECTIONS, ProbeList
from mailer.render.slots import RAW, Field, Mark, PutOff, Tokens, Uncuttable

# Where a slot stands: that says how its value is escaped.
PLAIN: Final = "plain"
TEXT: Final = "text"
ATTRIBUTE: Final = "attribute"
ADDRESS: Final = "address"
COMMENT: Final = "comment"

_SPACES: Final = " \t"
_BORDERS: Final = ("begin", "enter", "leave", "end")


@dataclass(frozen=True, slots=True)
class SlotAt:
    """A slot and where it stands."""

    entry: Field | PutOff
    where: str


@dataclass(slots=True)
class Region:
    """A loop: what it draws for each key. `kind` says over what it goes."""

    kind: str
    bodies: "dict[Any, Body]"


# Texts, slots and loops, in order.
Body = list[str | SlotAt | Region]


@dataclass(slots=True)
class Border:
    """A mark where a loop begins, enters a turn, leaves it or ends."""

    number: int
    mark: Mark
    hard: bool = False


def borders_of(source: str, tokens: Tokens) -> "list[str | Border]":
    """Return texts and the borders between them, each text with its slots still in it.

    Texts and borders take turns, and texts are at both ends. A border is hard when a line ends
    there: the line end then stands before it. Raises Uncuttable for a loop whose turns do not
    begin and end alike.
    """
    parts: list[str | Border] = [""]
    for part in tokens.split(source):
        if isinstance(part, tuple):
            entry = tokens[part[0]]
            if isinstance(entry, Mark) and entry.kind in _BORDERS:
                parts += [Border(part[0], entry), ""]
                continue
        text = part if isinstance(part, str) else tokens.text(*part)
        parts[-1] = str(parts[-1]) + text
    ways: dict[int, set[str]] = {}
    at = 1
    while at < len(parts):
        end = at + 1
        while end < len(parts) - 1 and not str(parts[end]).strip(_SPACES):
            end += 2
        way = _way(parts, at, end)
        for number in range(at, end, 2):
            border = parts[number]
            if isinstance(border, str):
                continue
            border.hard = way != "soft"
            if border.mark.kind in ("enter", "leave"):
                ways.setdefault(id(border.mark.about.over), set()).add(way)
        at = end + 1
    if any(len(found) > 1 for found in ways.values()):
        raise Uncuttable("its turns of a loop begin or end in different ways")
    return parts


def _way(parts: "list[str | Border]", first: int, end: int) -> str:
    """Say which side of borders in a row a line ends on; let it end before them."""
    before, after = str(parts[first - 1]), str(parts[end])
    if before.rstrip(_SPACES)[-1:] in ("", "\n"):
        return "left"
    rest = after.lstrip(_SPACES)
    if rest.startswith("\n") or not rest:
        parts[first - 1] = before + "\n"
        parts[end] = rest[1:]
        return "right"
    return "soft"


def grow(parts: "list[str | Border]", leaves: Callable[[str], Iterator[str | SlotAt]]) -> Body:
    """Return the tree of a text: `leaves` takes a text between borders apart.

    Raises Uncuttable when loops are not what letters have: sections, stories in them, or stories.
    """
    top: Body = []
    bodies: list[Body] = [top]
    regions: list[Region] = []
    inside: list[str] = []
    for part in parts:
        if isinstance(part, str):
            bodies[-1] += leaves(part)
            continue
        kind, about = part.mark.kind, part.mark.about
        if kind == "begin":
            _check_place(about, inside, turns=len(bodies) - 1)
            regions.append(Region(about.kind, {}))
            inside.append(about.kind)
            bodies[-1].append(regions[-1])
        elif kind == "enter":
            bodies.append([])
        elif kind == "leave":
            regions[-1].bodies[about.key] = bodies.pop()
        else:
            regions.pop()
            inside.pop()
    return top


def _check_place(values: ProbeList, inside: list[str], turns: int) -> None:
    allowed = {SECTIONS: [], OF_MAIL: [], OF_SECTION: [SECTIONS]}[values.kind]
    if inside != allowed or turns != len(allowed):
        raise Uncuttable("it goes over sections or stories inside a loop over the same")


def cut_text(source: str, tokens: Tokens) -> Body:
    """Return the tree of a plain text, tidied as `environment.tidy` does it."""
    parts = borders_of(source, tokens)
    for number in range(1, len(parts), 2):
        border, before = parts[number], str(parts[number - 1])
        if isinstance(border, Border) and border.hard and before[-1:] not in ("", "\n"):
            raise Uncuttable("it indents a loop in plain text")

    def leaves(text: str) -> Iterator[str | SlotAt]:
        lines = text.split("\n")
        tidied = "\n".join([*map(str.rstrip, lines[:-1]), lines[-1]])
        for part in tokens.split(re.sub("\n{3,}", "\n\n", tidied)):
            if isinstance(part, str):
                yield part
                continue
            entry = tokens[part[0]]
            if isinstance(entry, Mark):
                raise Uncuttable("it shows in plain text what is made for HTML")
            if part[1] != RAW:
                raise Uncuttable("it escapes for HTML what is plain text")
            yield SlotAt(entry, PLAIN)

    return grow(parts, leaves)


def fields_of(entry: Field | PutOff) -> Iterator[Field]:
    """Yield the values a slot is made of."""
    if isinstance(entry, Field):
        yield entry
        return
    for part in entry.parts:
        if not isinstance(part, str):
            yield from fields_of(part)
