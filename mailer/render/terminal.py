"""Drawing the HTML of a mail for a person at a terminal. The one owner of `rich`.

It follows what the mail looks like as far as a terminal can: headings, rules where there are
borders, room where there are margins, links as numbers with a list of addresses below. Every
foreign text is made harmless before it is drawn (S21).
"""

import re
from io import StringIO
from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from rich.console import Console
from rich.text import Text

from mailer.core.hygiene import safe_terminal

_NARROWEST: Final = 20
_SKIPPED: Final = frozenset(("head", "script", "style", "template", "noscript", "svg"))
_BLOCKS: Final = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li",
    "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
}  # fmt: skip
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# What browsers leave around these when a style does not say.
_DEFAULT_MARGIN: Final = dict.fromkeys((*_HEADINGS, "p", "ul", "ol", "blockquote", "pre"), 16)
# Stands for a space at which no line may break; of the private use area, so it means nothing else.
_GLUE: Final = "\ue000"
_LINE_PIXELS: Final = 12  # So much room or more becomes an empty line.
_HEAVY_PIXELS: Final = 3


def draw_html(html: str, *, width: int, colour: bool = False) -> str:
    """Return the page as lines of at most `width` columns, then its links, one a line, uncut.

    Hidden text, comments and styles are left out. Escape sequences are only in it when `colour`.
    """
    width = max(width, _NARROWEST)
    try:
        parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        page = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, AssertionError):
        return ""
    screen = _Screen(width, colour)
    screen.draw(page)
    return screen.text()


class _Screen:
    """Draws elements below each other; what is not yet a line waits in `_line`."""

    def __init__(self, width: int, colour: bool) -> None:
        self._width = width
        self._out = StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._line = Text()
        self._room = 0
        self._last_rule = ""
        self._links: dict[str, int] = {}

    def text(self) -> str:
        """Return everything drawn, with the addresses of links below."""
        self._flush("left")
        if self._links:
            self._console.print()
            for address, number in self._links.items():
                line = Text(f"[{number}] {address}", style="dim")
                self._console.print(line, soft_wrap=True)
        lines = self._out.getvalue().replace(_GLUE, " ").split("\n")
        return "\n".join(line.rstrip(" ") for line in lines).strip("\n") + "\n"

    def draw(self, element: HtmlElement, style: str = "", align: str = "left") -> None:
        """Draw an element and what is in it; texts behind it are its parent's."""
        look = _Look(element)
        if element.tag in _SKIPPED or look.is_hidden:
            return
        if element.tag not in _BLOCKS:
            self._draw_inline(element, look, style, align)
            return
        self._flush(align)
        inner = look.align or align
        style = f"{style} bold".strip() if element.tag in _HEADINGS else style
        self._room += look.above
        if look.top_border or element.tag == "hr":
            self._rule(look.top_border)
        self._room += look.padding_above
        if element.tag == "li":
            self._line.append("• ")
        self._draw_children(element, look, style, inner)
        self._flush(inner)
        self._room += look.padding_below
        if look.bottom_border:
            self._rule(look.bottom_border)
        self._room += look.below

    def _draw_inline(self, element: HtmlElement, look: "_Look", style: str, align: str) -> None:
        if element.tag == "br":
            self._flush(align)
        elif element.tag == "img":
            self._write(element.get("alt", ""), style, look)
        elif element.tag == "a":
            before = len(self._line)
            self._draw_children(element, look, f"{style} underline".strip(), align)
            address = " ".join(element.get("href", "").replace(_GLUE, "?").split())
            address = safe_terminal(address)
            if address.lower().startswith(("http://", "https://", "mailto:")):
                number = self._links.setdefault(address, len(self._links) + 1)
                if len(self._line) > before:
                    self._line.append(f"{_GLUE}[{number}]", "dim")
        else:
            bold = " bold" if element.tag in ("b", "strong") else ""
            self._draw_children(element, look, f"{style}{bold}".strip(), align)

    def _draw_children(self, element: HtmlElement, look: "_Look", style: str, align: str) -> None:
        self._write(element.text or "", style, look)
        for child in element:
            self.draw(child, style, align)
            self._write(child.tail or "", style, look)

    def _write(self, text: str, style: str, look: "_Look") -> None:
        text = re.sub(r"[ \t\n\r\f]+", " ", text.replace(_GLUE, "?"))
        text = re.sub(r"[ \xa0]*[\u2002\u2003][ \xa0]*", "  ", text).replace("\xa0", _GLUE)
        if not len(self._line) or self._line.plain.endswith(" "):
            text = text.removeprefix(" ")
        text = safe_terminal(text.upper() if look.is_upper else text)
        self._line.append(text.replace(" ", _GLUE) if look.is_whole else text, style)

    def _flush(self, align: str) -> None:
        self._line.rstrip()
        if not len(self._line):
            return
        self._leave_room()
        self._console.print(
            self._line, justify="center" if align == "center" else "left", overflow="fold"
        )
        self._line = Text()
        self._last_rule = ""

    def _rule(self, pixels: int) -> None:
        stroke = "━" if pixels >= _HEAVY_PIXELS else "─"
        # A thin line right below a thick one, or two thin ones, are one on a terminal.
        if self._last_rule and self._room < _LINE_PIXELS:
            return
        self._leave_room()
        self._console.print(Text(stroke * self._width, style="dim"))
        self._last_rule = stroke

    def _leave_room(self) -> None:
        if self._room >= _LINE_PIXELS and self._out.tell():
            self._console.print()
        self._room = 0


class _Look:
    """What the style attribute of an element says, as far as a terminal can follow; in pixels."""

    def __init__(self, element: HtmlElement) -> None:
        rules: dict[str, str] = {}
        for rule in element.get("style", "").split(";"):
            name, _, value = rule.partition(":")
            rules[name.strip().lower()] = value.strip().lower()
        tag = str(element.tag)
        margin = _box(rules, "margin", _DEFAULT_MARGIN.get(tag, 0))
        padding = _box(rules, "padding", 0)
        self.above, self.below = margin
        self.padding_above, self.padding_below = padding
        self.top_border = _pixels(rules.get("border-top", ""))
        self.bottom_border = _pixels(rules.get("border-bottom", ""))
        self.align = rules.get("text-align", "")
        self.is_upper = rules.get("text-transform") == "uppercase"
        self.is_whole = rules.get("white-space") == "nowrap"
        self.is_hidden = (
            rules.get("display") == "none"
            or rules.get("visibility") == "hidden"
            or rules.get("mso-hide") == "all"
            or element.get("hidden") is not None
        )


def _box(rules: dict[str, str], name: str, default: int) -> tuple[int, int]:
    """Return what a margin or padding leaves above and below."""
    sides = rules.get(name, "").split()
    above = below = default
    if sides:
        above, below = _pixels(sides[0]), _pixels(sides[2] if len(sides) > 2 else sides[0])
    if top := rules.get(f"{name}-top"):
        above = _pixels(top)
    if bottom := rules.get(f"{name}-bottom"):
        below = _pixels(bottom)
    return above, below


def _pixels(text: str) -> int:
    """Return the first length in a value; a border without one is a thin line."""
    found = re.search(r"(\d{1,4})(?:\.\d+)?px", text)
    return int(found[1]) if found else 0
