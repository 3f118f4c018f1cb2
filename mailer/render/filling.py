"""Filling a slot: a value escaped for where it stands, and encoded so that it can be joined."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import filters
from lxml import etree
from markupsafe import escape

from mailer.render.edition import quoted_open
from mailer.render.environment import underlined
from mailer.render.pieces import ADDRESS, ATTRIBUTE, COMMENT, PLAIN, TEXT
from mailer.render.slots import Field, PutOff
from mailer.render.wrapping import wrap

Scopes = Mapping[str, Mapping[str, str]]

_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "wrap": wrap,
    "underlined": underlined,
    "upper": filters.do_upper,
    "lower": filters.do_lower,
    "capitalize": filters.do_capitalize,
    "title": filters.do_title,
    "trim": filters.do_trim,
}
# Means itself wherever it stands.
_SAFE: Final = re.compile(r"[A-Za-z0-9:/?#_.%,;~$@!*()+ -]+")
_SAFE_ADDRESS: Final = re.compile(r"[A-Za-z0-9:/?#_.%,;~$@!*()+=-]+")
# One line of text as views have it, neither empty nor with spaces around it: what is shown around
# such a value does not depend on it.
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_FIT: Final = re.compile(rf"[^\s{_CONTROL}](?:[^{_CONTROL}]*[^\s{_CONTROL}])?")

_SHORT_LINE: Final = 72


class Unfit(Exception):  # noqa: N818 - this one mail goes the plain way
    """A value that would change what stands around it."""


def fill(where: str, value: str) -> bytes:
    """Return a value as it stands in a body.

    Raises Unfit for a value that is more or less than a piece of a line.
    """
    if where == PLAIN:
        if not value or value[0] in " \n" or value[-1] in " \n":
            raise Unfit(f"an empty or spaced value '{value[:40]}'")
        return quoted_open(value.replace("\n", "\r\n"))
    if not (_SAFE_ADDRESS if where == ADDRESS else _SAFE).fullmatch(value):
        value = _ESCAPES[where](value)
    if value != value.strip() or not value:
        raise Unfit(f"an empty or spaced value '{value[:40]}'")
    return quoted_open(value)


def fill_link(where: str, value: str, filled: dict[str, bytes]) -> bytes:
    """Return what `fill` does of a line of text; what is alike everywhere is kept in `filled`."""
    known = filled.get(value)
    if known is not None:
        return known
    if not _SAFE_ADDRESS.fullmatch(value):
        return fill(where, fit(value))
    # Quoted-printable leaves it as it is, but for an equals sign and the length of its lines.
    plain = len(value) <= _SHORT_LINE and "=" not in value
    made = filled[value] = value.encode() if plain else quoted_open(value)
    return made


def filled_place(place: str) -> bytes:
    """Return the first part of links as it stands in a body, in lines of its own.

    Empty when it needs more than that, or when what follows would not fit.
    """
    if not _SAFE_ADDRESS.fullmatch(place):
        return b""
    return quoted_open(place) + b"=\r\n"


def value_of(entry: Field | PutOff, scopes: Scopes) -> str:
    """Return the value of a slot. Raises KeyError for a field that its scope has not."""
    if isinstance(entry, Field):
        return fit(scopes[entry.scope][entry.name])
    text = "".join(
        part if isinstance(part, str) else value_of(part, scopes) for part in entry.parts
    )
    return str(_FILTERS[entry.filter](text, *entry.arguments, **dict(entry.options)))


def fit(value: str) -> str:
    """Return a value that is a piece of a line; raises Unfit for any other."""
    if not _FIT.fullmatch(value):
        raise Unfit(f"a value that is no line of text: '{value[:40]}'")
    return value


def _as_text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _as_attribute(value: str) -> str:
    return _as_text(value).replace('"', "&quot;")


def _as_address(value: str) -> str:
    """Return what the serialiser that inlined pages go through makes of an address."""
    link = etree.Element("a", href=value)
    written = etree.tostring(link, method="html", encoding="unicode")
    found = re.fullmatch(r'<a href="([^"]*)"></a>', written)
    if found is None:
        raise Unfit("an address with quotation marks")
    return found[1]


def _as_comment(value: str) -> str:
    return str(escape(value))


_ESCAPES: Final[Mapping[str, Callable[[str], str]]] = {
    TEXT: _as_text,
    ATTRIBUTE: _as_attribute,
    ADDRESS: _as_address,
    COMMENT: _as_comment,
}
