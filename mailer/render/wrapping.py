"""Wrapping plain text to columns, for scripts with and without spaces."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# RFC 5322 section 2.1.1 recommends 78; 72 leaves room for the quotation marks of replies.
WIDTH: Final = 72

_WORDS: Final = re.compile(r"[!-~]+(?: [!-~]+)*")

# Ideographs may be parted anywhere, but these never start or end a line (JIS X 4051, shortened).
_NOT_FIRST: Final = frozenset("、。，．・：；？！）」』】〉》〕〗”’％ー々…‥")  # noqa: RUF001
_NOT_LAST: Final = frozenset("（「『【〈《〔〖“‘￥＄")  # noqa: RUF001


def columns(text: str) -> int:
    """Return how many columns a line takes: ideographs two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def wrap(text: str, first: str = "", rest: str | None = None, width: int = WIDTH) -> str:
    """Return the text in lines of at most `width` columns, joined by line breaks.

    `first` starts the first line, `rest` (else as many spaces) all others. A word that is longer
    than a line is cut; addresses of the web do not belong here.
    """
    following = " " * columns(first) if rest is None else rest
    room = width - max(columns(first), columns(following))
    lines: list[str] = []
    if text.isascii() and _WORDS.fullmatch(text):
        lines = _wrapped_words(text.split(" "), room)
        if lines:
            return "\n".join([first + lines[0], *(following + line for line in lines[1:])])
    line, used = "", 0
    for spaced, piece in _pieces(text, room):
        gap = 1 if spaced and line else 0
        size = columns(piece)
        if line and used + gap + size > room:
            lines.append(line)
            line, used = piece, size
        else:
            line, used = line + " " * gap + piece, used + gap + size
    lines.append(line)
    return "\n".join(
        (first if number == 0 else following) + line for number, line in enumerate(lines)
    ).rstrip()


def _wrapped_words(words: list[str], room: int) -> list[str]:
    """Return plain words in lines, as `wrap` would; nothing when one is longer than a line."""
    lines: list[str] = []
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}"
    lines.append(line)
    return lines if max(map(len, words)) <= room else []


def _pieces(text: str, room: int) -> Iterator[tuple[bool, str]]:
    """Yield what must stay together, and whether a space stands before it."""
    # Not at no-break spaces, such as the one before AM in a time.
    for word in re.split("[ \t\n]+", text.strip(" \t\n")):
        spaced = True
        for piece in _parted(word):
            rest = piece
            while columns(rest) > room:
                head = _head(rest, room)
                yield spaced, head
                rest, spaced = rest[len(head) :], False
            if rest:
                yield spaced, rest
            spaced = False


def _parted(word: str) -> Iterator[str]:
    """Part a word between ideographs, keeping punctuation where it belongs."""
    if word.isascii():
        yield word
        return
    piece = ""
    for character in word:
        if piece and _may_part(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    yield piece


def _may_part(before: str, after: str) -> bool:
    if after in _NOT_FIRST or before in _NOT_LAST or _columns(after) == 0:
        return False
    return _is_wide(before) or _is_wide(after)


def _head(text: str, room: int) -> str:
    used = 0
    for number, character in enumerate(text):
        used += _columns(character)
        if used > room and number:
            return text[:number]
    return text


@lru_cache(maxsize=8192)
def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@lru_cache(maxsize=8192)
def _columns(character: str) -> int:
    # Marks upon letters, joiners and variation selectors take no room of their own.
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if _is_wide(character) else 1
