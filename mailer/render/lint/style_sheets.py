"""Reading style sheets with their line numbers: rules, what they stand in, declarations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
# Rules that hold rules; all others with braces hold declarations.
_HOLDERS = ("@media", "@supports", "@layer", "@container", "@keyframes", "@-webkit-keyframes")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: value`, in lower case but for what may matter in a value."""

    name: str
    value: str
    line: int
    is_important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Declarations for a selector; `within` are the rules around it, outermost first.

    An at-rule without a block, such as @import, has no declarations and is its own selector.
    """

    selector: str
    declarations: tuple[Declaration, ...]
    line: int
    within: tuple[str, ...] = ()


def read_sheet(text: str, line: int = 1) -> list[Rule]:
    """Return the rules of a style sheet whose first line has this number, in their order."""
    # What is blanked keeps its length, so that places stay.
    plain = _COMMENT.sub(_blank, text)
    hidden = _STRING.sub(_mask, plain)
    return list(_rules(plain, hidden, 0, len(plain), (), line))


def read_declarations(text: str, line: int = 1) -> list[Declaration]:
    """Return the declarations of a style attribute or of the inside of a rule."""
    plain = _COMMENT.sub(_blank, text)
    hidden = _STRING.sub(_mask, plain)
    return list(_declarations(plain, hidden, 0, len(plain), line))


def _rules(  # noqa: PLR0917 - a text, its mask, and where in them
    plain: str, hidden: str, start: int, end: int, within: tuple[str, ...], line: int
) -> Iterator[Rule]:
    at = start
    while at < end:
        found = re.compile(r"[{};]").search(hidden, at, end)
        if found is None:
            return
        head = plain[at : found.start()].strip()
        where = line + plain.count("\n", 0, at + _lead(plain[at : found.start()]))
        if found[0] != "{":
            if found[0] == ";" and head.startswith("@"):
                yield Rule(head, (), where, within)
            at = found.end()
            continue
        close = _closing(hidden, found.end(), end)
        if head.lower().startswith(_HOLDERS):
            yield Rule(head, (), where, within)
            yield from _rules(plain, hidden, found.end(), close, (*within, head), line)
        else:
            inside = tuple(_declarations(plain, hidden, found.end(), close, line))
            yield Rule(head, inside, where, within)
        at = close + 1


def _declarations(
    plain: str, hidden: str, start: int, end: int, line: int
) -> Iterator[Declaration]:
    at, depth = start, 0
    for place in range(start, end + 1):
        character = hidden[place] if place < end else ";"
        depth += (character == "(") - (character == ")")
        if character != ";" or (depth > 0 and place < end):
            continue
        text = plain[at:place]
        name, colon, value = text.partition(":")
        if colon and name.strip():
            where = line + plain.count("\n", 0, at + _lead(text))
            value = " ".join(value.split())
            important = re.search(r"\s*!\s*important$", value, re.IGNORECASE)
            value = value[: important.start()] if important else value
            yield Declaration(name.strip().lower(), value, where, important is not None)
        at, depth = place + 1, 0


def _closing(hidden: str, start: int, end: int) -> int:
    depth = 1
    for place in range(start, end):
        depth += (hidden[place] == "{") - (hidden[place] == "}")
        if depth == 0:
            return place
    return end


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip())


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _mask(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "x", found[0])
