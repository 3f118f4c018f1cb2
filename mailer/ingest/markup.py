"""HTML as a stream of tags and text, in one pass over whatever is thrown at it.

Knows where a tag ends and which text no reader sees. It builds no tree, so nothing can be nested
too deep for it; what a tag means is left to the callers, and safety to the sanitiser.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A quoted value that hides a '>' is believed for this far; longer values seldom hold one.
_TAG_REACH: Final = 4096

_NAME: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,30})")
_QUOTED_OR_END: Final = re.compile(r"=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|>")
_ATTRIBUTE: Final = re.compile(
    r"(?<![\w:.-])([a-zA-Z][\w:.-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
# Python refuses to read a number of more than 4,300 digits; no character has more than seven.
_HUGE_NUMBER: Final = re.compile(r"&#(?:\d{8}|[xX][0-9a-fA-F]{7})[0-9a-fA-F]*;?")

# Elements whose content is text to its own end tag, whatever it looks like.
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>]|\Z)", re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp")
}


@dataclass(frozen=True, slots=True)
class Token:
    """A start tag, an end tag, or (without a name) text with its entities resolved."""

    name: str = ""
    text: str = ""
    is_end: bool = False
    source: str = ""

    def attributes(self) -> dict[str, str]:
        """Return the attributes that have a value, names in lower case; the first one wins."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.source[: 2 * _TAG_REACH]):
            found.setdefault(name.lower(), plain(double or single or bare))
        return found


def without_huge_numbers(text: str) -> str:
    """Return text in which character references to impossible characters are U+FFFD."""
    return _HUGE_NUMBER.sub("\ufffd", text) if "&#" in text else text


def plain(text: str) -> str:
    """Return text with its character references resolved."""
    if "&" not in text:
        return text
    return html.unescape(without_huge_numbers(text))


def tokens(source: str) -> Iterator[Token]:
    """Yield the tags and texts of a page or fragment, in order, in time linear in its length.

    Comments, declarations, scripts and styles are left out; a `title` is yielded with its text.
    What follows an unfinished tag or comment is lost, as in a browser.
    """
    at = 0
    while at < len(source):
        begin = source.find("<", at)
        if begin < 0:
            begin = len(source)
        if begin > at:
            yield Token(text=plain(source[at:begin]))
        if begin == len(source):
            return
        if named := _NAME.match(source, begin):
            end = _tag_end(source, begin)
            if end < 0:
                return
            name = named[1].lower()
            is_end = source[begin + 1] == "/"
            yield Token(name=name, is_end=is_end, source=source[named.end() : end])
            at = end + 1
            if name in _RAW and not is_end:
                closing = _RAW[name].search(source, at)
                if closing is None:
                    return
                if name == "title":
                    yield Token(text=plain(source[at : closing.start()]))
                at = closing.start()
        elif source[begin + 1 : begin + 2] in ("!", "?", "/"):
            mark = "-->" if source.startswith("<!--", begin) else ">"
            end = source.find(mark, begin + 2)
            if end < 0:
                return
            at = end + len(mark)
        else:
            yield Token(text="<")
            at = begin + 1


def _tag_end(source: str, begin: int) -> int:
    """Return the place of the '>' that ends a tag, or -1."""
    for found in _QUOTED_OR_END.finditer(source, begin, begin + _TAG_REACH):
        if found[0] == ">":
            return found.start()
    return source.find(">", begin)
