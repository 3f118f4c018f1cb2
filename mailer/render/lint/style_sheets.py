"""Reading style sheets with their line numbers: rules, what they stand in, declarations."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
_BOUND = re.compile(r"[{};]")
_BRACE = re.compile(r"[{}]")
_MARK = re.compile(r"[;()]")
_IMPORTANT = re.compile(r"\s*!\s*important$", re.IGNORECASE)
_MOST_NESTED = 20
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
    return list(_rules(_Text(plain, hidden, line), 0, len(plain), ()))


def read_declarations(text: str, line: int = 1) -> list[Declaration]:
    """Return the declarations of a style attribute or of the inside of a rule."""
    plain = _COMMENT.sub(_blank, text)
    hidden = _STRING.sub(_mask, plain)
    return list(_declarations(_Text(plain, hidden, line), 0, len(plain)))


class _Text:
    """A text, the same with its strings masked, and the numbers of its lines."""

    def __init__(self, plain: str, hidden: str, line: int) -> None:
        self.plain = plain
        self.hidden = hidden
        self._first = line
        self._ends = [found.start() for found in re.finditer("\n", plain)]

    def line(self, place: int) -> int:
        """Return the number of the line of a place."""
        return self._first + bisect_left(self._ends, place)


def _rules(text: _Text, start: int, end: int, within: tuple[str, ...]) -> Iterator[Rule]:
    at = start
    while at < end:
        found = _BOUND.search(text.hidden, at, end)
        if found is None:
            return
        whole = text.plain[at : found.start()]
        head, where = whole.strip(), text.line(at + _lead(whole))
        if found[0] != "{":
            if found[0] == ";" and head.startswith("@"):
                yield Rule(head, (), where, within)
            at = found.end()
            continue
        close = _closing(text.hidden, found.end(), end)
        if head.lower().startswith(_HOLDERS) and len(within) < _MOST_NESTED:
            yield Rule(head, (), where, within)
            yield from _rules(text, found.end(), close, (*within, head))
        else:
            yield Rule(head, tuple(_declarations(text, found.end(), close)), where, within)
        at = close + 1


def _declarations(text: _Text, start: int, end: int) -> Iterator[Declaration]:
    at, depth = start, 0
    for found in _MARK.finditer(text.hidden, start, end):
        if found[0] != ";":
            depth += 1 if found[0] == "(" else -1
        elif depth <= 0:
            yield from _declaration(text, at, found.start())
            at, depth = found.end(), 0
    yield from _declaration(text, at, end)


def _declaration(text: _Text, start: int, end: int) -> Iterator[Declaration]:
    whole = text.plain[start:end]
    name, colon, value = whole.partition(":")
    if colon and name.strip():
        value = " ".join(value.split())
        important = _IMPORTANT.search(value)
        value = value[: important.start()] if important else value
        where = text.line(start + _lead(whole))
        yield Declaration(name.strip().lower(), value, where, important is not None)


def _closing(hidden: str, start: int, end: int) -> int:
    depth = 1
    for found in _BRACE.finditer(hidden, start, end):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return end


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip())


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _mask(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "x", found[0])
