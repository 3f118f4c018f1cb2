"""How a mistake in a tag expression is shown: the text, a caret under the character, the message.

Whatever a reader typed may come back on a terminal, so nothing invisible is ever shown.
"""

import unicodedata

from mailer.errors import ExpressionError

# A picture that wraps points at nothing: a terminal has 80 columns, less a margin.
WIDEST_PICTURE = 76
_COLUMNS_BEFORE_CARET = 50
_LONGEST_QUOTATION = 40


def point_at(error: ExpressionError) -> str:
    """Return three lines for a terminal: the text, a caret under the mistake, the message.

    A long text is cut to what stands around the mistake.
    """
    position = max(0, min(error.position, len(error.text)))
    before = shown(error.text[:position])
    cut_before = _last_columns(before, _COLUMNS_BEFORE_CARET)
    start = cut_before if cut_before == before else f"…{cut_before}"
    room = WIDEST_PICTURE - _columns(start)
    after = shown(error.text[position:])
    cut_after = _first_columns(after, room)
    end = cut_after if cut_after == after else f"{cut_after}…"
    caret = " " * _columns(start) + "^"
    return "\n".join((start + end, caret, shown(str(error))))


def shown(text: str) -> str:
    """Return the text without control, format and unassigned characters; white space as blanks.

    Control characters steer a terminal, format characters turn the direction of the whole line.
    """
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character.isprintable()
    )


def quotation(text: str) -> str:
    """Return the text in quotes for a message, made visible and cut when it is long."""
    visible = shown(text)
    if len(visible) > _LONGEST_QUOTATION:
        visible = f"{visible[:_LONGEST_QUOTATION]}…"
    return f"'{visible}'"


def _columns(text: str) -> int:
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _first_columns(text: str, columns: int) -> str:
    for index, character in enumerate(text):
        columns -= _width(character)
        if columns < 0:
            return text[:index]
    return text


def _last_columns(text: str, columns: int) -> str:
    for index in range(len(text) - 1, -1, -1):
        columns -= _width(text[index])
        if columns < 0:
            return text[index + 1 :]
    return text
