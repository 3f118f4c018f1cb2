"""Whether texts can be read on what is behind them, on light screens and on dark ones.

The cascade is followed for the few properties that matter, from style sheets, attributes and
inheritance. Where a picture or an unknown colour is behind a text, nothing is claimed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cssselect import SelectorError
from cssselect import parse as parse_selectors
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from mailer.render.lint.colours import Colour, contrast, hex_of, read_colour
from mailer.render.lint.documents import Page, line_of, style_of
from mailer.render.lint.findings import Finding, Level
from mailer.render.lint.style_sheets import Declaration, Rule

# WCAG 2.2, 1.4.3: texts of 24 px, or bold ones of 18.66 px, need less.
LEAST, LEAST_LARGE = 4.5, 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# What browsers put behind a page that says it knows dark screens, and before it.
_DARK_PAPER, _DARK_INK = (18, 18, 18), (255, 255, 255)
_WATCHED = {"color", "background", "background-color", "background-image", "font", "font-size",
            "font-weight"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """What holds at one element; None where a colour is not known."""

    ink: Colour | None
    paper: Colour | None
    pixels: float = 16.0
    is_bold: bool = False


def check_contrast(page: Page) -> Iterator[Finding]:
    """Yield texts that are too pale for what is behind them."""
    yield from _check(page, is_dark=False)
    if any("prefers-color-scheme" in rule.selector for rule in page.rules):
        yield from _check(page, is_dark=True)


def _check(page: Page, *, is_dark: bool) -> Iterator[Finding]:
    cascade = _Cascade(page, is_dark=is_dark)
    where = "on a dark screen" if is_dark else "on a light screen"
    for element, look in cascade.walk():
        if look.ink is None or look.paper is None:
            continue
        ratio = contrast(look.ink, look.paper)
        is_large = look.pixels >= (_LARGE_BOLD if look.is_bold else _LARGE)
        least = LEAST_LARGE if is_large else LEAST
        if ratio < least:
            yield Finding(
                "contrast",
                Level.ERROR,
                f"{hex_of(look.ink)} on {hex_of(look.paper)} has a contrast of {ratio:.1f} {where}",
                f"use {least:g} or more: darken the one or lighten the other",
                line_of(element),
            )


class _Cascade:
    """Follows the styles of one page down its tree."""

    def __init__(self, page: Page, *, is_dark: bool) -> None:
        self._page = page
        self._is_dark = is_dark
        self._styles: dict[HtmlElement, list[tuple[tuple[int, ...], Declaration]]] = {}
        order = 0
        for rule in page.rules:
            if self._holds(rule):
                order += 1
                self._apply(rule, order)

    def walk(self) -> Iterator[tuple[HtmlElement, _Look]]:
        """Yield the elements with words of their own that are shown."""
        paper = _DARK_PAPER if self._is_dark else _WHITE
        ink = _DARK_INK if self._is_dark else _BLACK
        yield from self._walk(self._page.root, _Look(ink, paper))

    def _walk(self, root: HtmlElement, look: _Look) -> Iterator[tuple[HtmlElement, _Look]]:
        waiting = [(root, look)]
        while waiting:
            element, outer = waiting.pop()
            own = self._look(element, outer)
            words = (element.text or "") + "".join(child.tail or "" for child in element)
            if words.strip() and not self._page.hides(element):
                yield element, own
            waiting += [(child, own) for child in reversed(element) if isinstance(child.tag, str)]

    def _holds(self, rule: Rule) -> bool:
        if rule.selector.startswith("@") or not any(d.name in _WATCHED for d in rule.declarations):
            return False
        if not rule.within:
            return True
        conditions = " ".join(rule.within).lower()
        # A narrow screen changes sizes; only the scheme changes colours here.
        return self._is_dark and "prefers-color-scheme: dark" in conditions.replace(":d", ": d")

    def _apply(self, rule: Rule, order: int) -> None:
        try:
            parsed = parse_selectors(rule.selector)
            found = [
                (element, selector.specificity())
                for selector in parsed
                if not selector.pseudo_element
                for element in CSSSelector(selector.canonical(), translator="html")(self._page.root)
            ]
        except (SelectorError, ValueError, RuntimeError):
            # A selector of tomorrow, or a state such as :hover: nothing of a page at rest.
            return
        for element, weight in found:
            for declaration in rule.declarations:
                if declaration.name in _WATCHED:
                    key = (int(declaration.is_important), 0, *weight, order)
                    self._styles.setdefault(element, []).append((key, declaration))

    def _look(self, element: HtmlElement, outer: _Look) -> _Look:
        inline = [
            ((int(declaration.is_important), 1, 0, 0, 0, number), declaration)
            for number, declaration in enumerate(style_of(element))
            if declaration.name in _WATCHED
        ]
        ink, paper = outer.ink, outer.paper
        pixels, is_bold = outer.pixels, outer.is_bold
        if element.tag in ("b", "strong", "th") or re.fullmatch("h[1-6]", str(element.tag)):
            is_bold = True
        if element.tag == "a":
            ink = (0, 0, 238)
        if background := element.get("bgcolor"):
            paper = read_colour(background) or paper
        if background := element.get("color"):
            ink = read_colour(background) or ink
        for _, declaration in sorted(
            [*self._styles.get(element, ()), *inline], key=lambda each: each[0]
        ):
            name, value = declaration.name, declaration.value.lower()
            if name == "color":
                ink = outer.ink if value == "inherit" else read_colour(value)
            elif name.startswith("background"):
                paper = _paper(value, paper)
            elif name in ("font", "font-size", "font-weight"):
                if size := re.search(r"(\d+(?:\.\d+)?)px", value):
                    pixels = float(size[1])
                if name != "font-size":
                    is_bold = bool(re.search(r"\b(?:bold|bolder|[6-9]00)\b", value))
        return _Look(ink, paper, pixels, is_bold)


def _paper(value: str, paper: Colour | None) -> Colour | None:
    if "url(" in value or "gradient(" in value:
        return None
    if value in ("none", "transparent", "inherit", "initial"):
        return paper
    for word in re.findall(r"#[0-9a-f]+|rgba?\([^)]*\)|[a-z]+", value):
        if colour := read_colour(word):
            return colour
    return None if value.startswith(("rgba", "hsl", "var")) else paper
