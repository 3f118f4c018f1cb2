"""Cutting inlined HTML into pieces. A page that does not come apart cleanly is refused.

Tokens are letters and digits and marks are comments, so inlining leaves them where they are. A
piece must close what it opens: then it means the same wherever it is put.
"""

import re
from collections.abc import Iterator
from typing import Final

from mailer.render.environment import compact
from mailer.render.pieces import (
    ADDRESS,
    ATTRIBUTE,
    COMMENT,
    TEXT,
    Body,
    Border,
    SlotAt,
    borders_of,
    grow,
)
from mailer.render.slots import ESCAPED, MAKES_LINES, MARK, Mark, PutOff, Tokens, Uncuttable

_STYLE: Final = re.compile(r"<style\b([^>]*)>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
_PIECE: Final = re.compile(
    r"<!--.*?-->|<![^>]*>|<(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*)(?:\"[^\"]*\"|'[^']*'|[^'\">])*>|[^<]+|<",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"([^\s=\"'<>/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CLOSED_TO_LOOPS: Final = re.compile(
    r"<!--.*?-->|<(style|script|title|textarea)\b.*?</\1\s*>|<[A-Za-z/](?:\"[^\"]*\"|'[^']*'|[^'\">])*>",
    re.IGNORECASE | re.DOTALL,
)
_VOID: Final = frozenset(
    (
        *("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input"),
        *("isindex", "link", "meta", "param", "source", "track", "wbr"),
    )
)
# libxml2 percent-encodes in these.
_ADDRESSES: Final = frozenset(("href", "action", "src", "name"))
# What styles are chosen by, or what is no text: a value there would change more than itself.
_NOT_FOR_SLOTS: Final = frozenset(("class", "id", "style"))
_BY_PLACE: Final = re.compile(r"[+~]|:(?:first|last|nth)-child\b", re.IGNORECASE)


def prepare_html(source: str, tokens: Tokens, end_mark: str) -> tuple[str, dict[int, bool]]:
    """Return the page to inline, and its borders: whether a line ends there.

    Marks are in comments, each on a line of its own where a line ends.

    Raises Uncuttable for loops where no comment may stand, and for styles by position.
    """
    for found in _CLOSED_TO_LOOPS.finditer(source):
        for number in tokens.pattern.findall(found[0]):
            entry = tokens[int(number[0])]
            if isinstance(entry, Mark) and entry.kind != "seen":
                raise Uncuttable("it has a loop inside a tag, a comment, a title or a style")
    _refuse_styles_by_place(source)
    lines = []
    borders: dict[int, bool] = {}
    for part in borders_of(source, tokens):
        if isinstance(part, Border):
            borders[part.number] = part.hard
            lines.append(f"<!--{tokens.text(part.number, MARK)}-->" + "\n" * part.hard)
        else:
            lines.append(part)
    page = compact("".join(lines))
    head, tag, tail = page.rpartition("</body>")
    if not tag:
        raise Uncuttable("it has no </body>")
    return f"{head}<!--{end_mark}-->{tag}{tail}", borders


def cut_html(
    inlined: str, source: str, borders: dict[int, bool], tokens: Tokens, seen: dict[int, int]
) -> Body:
    """Return the tree of an inlined page; `source` is what was inlined, with these borders.

    `seen` gets how often each mark of kind `seen` came out. Raises Uncuttable when something was
    lost, stands where it cannot be filled in, or does not close what it opens.
    """
    before = {found[0] for found in tokens.pattern.finditer(source)}
    after = {found[0] for found in tokens.pattern.finditer(inlined)}
    if before != after:
        raise Uncuttable("inlining its styles loses parts of it")
    parts: list[str | Border] = [""]
    end = 0
    for found in re.finditer(rf"<!--{tokens.pattern.pattern}-->", inlined):
        entry = tokens[int(found[1])]
        if isinstance(entry, Mark) and entry.kind != "seen":
            parts[-1] = inlined[end : found.start()]
            parts += [Border(int(found[1]), entry, borders[int(found[1])]), ""]
            end = found.end()
    parts[-1] = inlined[end:].rstrip("\n") + "\n"
    if len(parts) // 2 != len(borders):
        raise Uncuttable("inlining its styles changes its loops")
    for number in range(1, len(parts), 2):
        border, text = parts[number], str(parts[number + 1])
        if isinstance(border, Border) and border.hard:
            if not text.startswith("\n"):
                raise Uncuttable("inlining its styles joins lines around a loop")
            parts[number + 1] = text[1:]
    return _Leaves(tokens, _attributes_of_styles(source), seen).grow(parts)


class _Leaves:
    """Takes texts between borders apart, keeping count of what is open."""

    def __init__(self, tokens: Tokens, chosen_by: set[str], seen: dict[int, int]) -> None:
        self._tokens = tokens
        self._chosen_by = chosen_by
        self._seen = seen
        self._open: list[str] = []
        self._floors: list[int] = []
        self._raw = ""

    def grow(self, parts: "list[str | Border]") -> Body:
        self._borders = iter([part for part in parts if isinstance(part, Border)])
        return grow(parts, self._leaves)

    def _leaves(self, text: str) -> Iterator[str | SlotAt]:
        result: list[str | SlotAt] = []
        for found in _PIECE.finditer(text):
            piece = found[0]
            if found["name"]:
                self._follow(found["name"].lower(), piece, closes=bool(found["close"]))
            if self._tokens.are_in(piece):
                result += self._filled(piece, is_tag=bool(found["name"]))
            else:
                result.append(piece)
        self._at_border()
        yield from _joined(result)

    def _follow(self, name: str, piece: str, *, closes: bool) -> None:
        if name in _VOID:
            return
        if not closes:
            self._open.append(name)
            return
        floor = self._floors[-1] if self._floors else 0
        if len(self._open) <= floor or self._open.pop() != name:
            raise Uncuttable("a turn of its loop does not close what it opens")

    def _at_border(self) -> None:
        border = next(self._borders, None)
        if border is None:
            return
        if border.mark.kind in ("begin", "enter"):
            self._floors.append(len(self._open))
        elif self._floors.pop() != len(self._open):
            raise Uncuttable("a turn of its loop does not close what it opens")

    def _filled(self, piece: str, *, is_tag: bool) -> Iterator[str | SlotAt]:
        if piece.startswith("<!--"):
            yield from self._split(piece, COMMENT)
        elif is_tag:
            yield from self._tag(piece)
        elif self._open and self._open[-1] in ("style", "script"):
            raise Uncuttable("it shows what is different for each reader in a style or script")
        else:
            yield from self._split(piece, TEXT)

    def _tag(self, piece: str) -> Iterator[str | SlotAt]:
        end = 0
        for found in _ATTRIBUTE.finditer(piece):
            if not self._tokens.are_in(found[0]):
                continue
            name, value = found[1].lower(), found[2]
            if value is None or self._tokens.are_in(name):
                raise Uncuttable("it shows what is different for each reader inside of a tag")
            if self._has_slots(value) and (name in _NOT_FOR_SLOTS or name in self._chosen_by):
                raise Uncuttable(f"it shows what is different for each reader in {name}=")
            yield piece[end : found.start(2)]
            yield from self._split(value, ADDRESS if name in _ADDRESSES else ATTRIBUTE)
            end = found.end(2)
        if self._tokens.are_in(piece[end:]):
            raise Uncuttable("it shows what is different for each reader inside of a tag")
        yield piece[end:]

    def _has_slots(self, text: str) -> bool:
        return any(
            not isinstance(self._tokens[int(number)], Mark)
            for number, _ in self._tokens.pattern.findall(text)
        )

    def _split(self, text: str, where: str) -> Iterator[str | SlotAt]:
        for part in self._tokens.split(text):
            if isinstance(part, str):
                yield part
                continue
            entry = self._tokens[part[0]]
            if isinstance(entry, Mark):
                self._seen[part[0]] = self._seen.get(part[0], 0) + 1
            elif part[1] != ESCAPED:
                raise Uncuttable("it shows unescaped what is different for each reader")
            elif isinstance(entry, PutOff) and _makes_lines(entry):
                raise Uncuttable("it wraps in HTML what is different for each reader")
            else:
                yield SlotAt(entry, where)


def _makes_lines(entry: PutOff) -> bool:
    return entry.filter in MAKES_LINES or any(
        isinstance(part, PutOff) and _makes_lines(part) for part in entry.parts
    )


def _joined(parts: list[str | SlotAt]) -> Iterator[str | SlotAt]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        yield part
        text = ""
    # The end mark leaves an empty comment behind.
    if text := text.replace("<!---->", ""):
        yield text


def _selectors(source: str) -> Iterator[str]:
    """Yield the selectors that are inlined."""
    for attributes, text in _STYLE.findall(source):
        if "data-premailer" in attributes:
            continue
        depth, start, css = 0, 0, re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        for found in re.finditer(r"[{}]", css):
            if found[0] == "{":
                if depth == 0 and not css[start : found.start()].strip().startswith("@"):
                    yield css[start : found.start()]
                depth += 1
            else:
                depth -= 1
                start = found.end()


def _refuse_styles_by_place(source: str) -> None:
    for selector in _selectors(source):
        if found := _BY_PLACE.search(re.sub(r"\[[^\]]*\]", "", selector)):
            raise Uncuttable(
                f"it has a style by position or kinship ('{selector.strip()}'): "
                f"without '{found[0]}' it could be compiled"
            )


def _attributes_of_styles(source: str) -> set[str]:
    """Return the attributes whose values choose a style."""
    return {
        name.lower()
        for selector in _selectors(source)
        for name in re.findall(r"\[\s*([\w-]+)\s*[~|^$*]?=", selector)
    }
