"""The marks of a tag expression: words, quoted labels, operators and parentheses, with positions.

Knows every way to write a mark (`&`, `&&`, `and`); what they mean in a row is left to the parser.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache
from typing import Final, NamedTuple

from mailer.core.expression_pictures import quotation
from mailer.errors import ExpressionError


class Mark(Enum):
    """What a token is. A WORD is a tag or a part of its label, a LABEL stood in quotes."""

    WORD = auto()
    LABEL = auto()
    EVERYTHING = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    OPEN = auto()
    CLOSE = auto()
    END = auto()


class Token(NamedTuple):
    """A mark and its characters, [start, end) of the text; those of a LABEL without the quotes."""

    mark: Mark
    text: str
    start: int
    end: int


OPERATOR_WORDS: Final = {"and": Mark.AND, "or": Mark.OR, "not": Mark.NOT}

# The full-width forms of ASCII, as East Asian keyboards write them, to the plain ones.
_NARROW: Final = {0xFEE0 + point: point for point in range(0x21, 0x7F)}

# With the commas of Chinese, Japanese and Arabic.
_SIGNS: Final = {
    "&": Mark.AND,
    "|": Mark.OR,
    ",": Mark.OR,
    "\N{IDEOGRAPHIC COMMA}": Mark.OR,
    "\N{ARABIC COMMA}": Mark.OR,
    "!": Mark.NOT,
    "\N{NOT SIGN}": Mark.NOT,
    "(": Mark.OPEN,
    ")": Mark.CLOSE,
    "*": Mark.EVERYTHING,
}

# Keyboards and word processors mix straight and curly quotes, so any of these closes any other.
_QUOTES: Final = '"“”„'
_CLOSING: Final = dict.fromkeys(_QUOTES, _QUOTES) | {"«": "»", "»": "«", "「": "」"}

# Of characters, for the questions below: planning parses thousands of texts of the same few.
_KNOWN: Final = 4_096

_MINUS: Final = "\N{MINUS SIGN}"
# What may stand inside a bare word besides letters, digits and dashes: d'ivoire, u.s., a_b.
_INNER: Final = frozenset("_.'’‘·")
# What `_is_inner` says of ASCII, at once: half of a planner's parsing went character by character.
_ASCII_INNER: Final = re.compile(r"[0-9A-Za-z_.'-]*")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text in order, END last.

    Raises ExpressionError for a character that belongs to no mark and for a quote that stays open.
    """
    position = 0
    while position < len(text):
        token = None if _is_blank(text[position]) else _token(text, position)
        position = token.end if token else position + 1
        if token is None:
            continue
        if token.mark is Mark.LABEL:
            position += 1
        yield token
    yield Token(Mark.END, "", len(text), len(text))


def _token(text: str, start: int) -> Token:
    character = _plain(text[start])
    following = text[start + 1 : start + 2]
    if character in _SIGNS:
        is_doubled = character in "&|" and _plain(following) == character
        end = start + 1 + is_doubled
        return Token(_SIGNS[character], text[start:end], start, end)
    if character in _CLOSING:
        return _label(text, start)
    if character in ("-", _MINUS) and following and _can_start_term(following):
        return Token(Mark.NOT, text[start], start, start + 1)
    word = _word(text, start)
    if _is_dash(character) or not (word.isalnum() or any(each.isalnum() for each in word)):
        raise _stray(text, start)
    mark = OPERATOR_WORDS.get(_plain(word).casefold(), Mark.WORD)
    return Token(mark, word, start, start + len(word))


def _label(text: str, opening: int) -> Token:
    closing = _CLOSING[_plain(text[opening])]
    for end in range(opening + 1, len(text)):
        if _plain(text[end]) in closing:
            return Token(Mark.LABEL, text[opening + 1 : end], opening + 1, end)
    raise ExpressionError(
        f"this {text[opening]} is never closed: add a quote after the label, or remove this one",
        text=text,
        position=opening,
    )


def _word(text: str, start: int) -> str:
    end = _ASCII_INNER.match(text, start).end()  # type: ignore[union-attr] # it may be empty
    while end < len(text) and _is_inner(text[end]):
        end += 1
    return text[start:end]


@lru_cache(_KNOWN)
def _is_inner(character: str) -> bool:
    return (
        character.isalnum()
        or _plain(character) in _INNER
        or _is_dash(character)
        # Marks belong to the letter before them; soft hyphens and joiners hide inside words.
        or unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
    )


@lru_cache(_KNOWN)
def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


@lru_cache(_KNOWN)
def _is_dash(character: str) -> bool:
    return character == _MINUS or unicodedata.category(character) == "Pd"


@lru_cache(_KNOWN)
def _can_start_term(character: str) -> bool:
    return (
        _is_inner(character)
        or _plain(character) in _CLOSING
        or _SIGNS.get(_plain(character)) in (Mark.OPEN, Mark.NOT, Mark.EVERYTHING)
    )


@lru_cache(_KNOWN)
def _plain(text: str) -> str:
    return text.translate(_NARROW)


def _stray(text: str, position: int) -> ExpressionError:
    character = text[position]
    if _is_dash(character):
        message = (
            f"this {character} neither joins nor excludes: write & (both) or | (either) between "
            "tags, or ! right before a tag you do not want"
        )
    else:
        name = quotation(character) if character.isprintable() else f"U+{ord(character):04X}"
        message = (
            f"{name} has no meaning here: tags are joined by & | ! and parentheses, "
            "a label with other signs goes in quotes"
        )
    return ExpressionError(message, text=text, position=position)
