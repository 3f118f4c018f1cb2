"""A page to lint: its elements, its style sheets and where each of them stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from mailer.errors import InputError
from mailer.render.lint.style_sheets import Declaration, Rule, read_declarations, read_sheet

_STYLE = re.compile(r"<style\b([^>]*)>(.*?)(?:</style\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_MSO = re.compile(r"<!--\[if [^\]]*\]>.*?<!\[endif\]-->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NEVER_SHOWN = frozenset({"head", "script", "style", "template", "title"})
_HIDING = {("display", "none"), ("visibility", "hidden"), ("mso-hide", "all")}


@dataclass(frozen=True)
class Page:
    """One page. `is_source` says that its styles will still be inlined: templates are such."""

    html: str
    is_source: bool = False

    @cached_property
    def root(self) -> HtmlElement:
        """The tree; raises InputError when there is none."""
        try:
            parser = HTMLParser(encoding="utf-8", huge_tree=True)
            # Line ends as they stand: a line number must be the file's.
            return document_fromstring(self.html.encode("utf-8", "replace"), parser=parser)
        except (etree.LxmlError, AssertionError, ValueError) as error:
            raise InputError(f"this is no HTML page: {error}") from error

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules of all style sheets."""
        return [rule for _, rules in self.sheets for rule in rules]

    @cached_property
    def sheets(self) -> list[tuple[bool, list[Rule]]]:
        """The style sheets, each with whether it will be inlined."""
        plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.html)
        return [
            (
                self.is_source and "data-premailer" not in found[1],
                read_sheet(found[2], self.line_at(found.start(2))),
            )
            for found in _STYLE.finditer(plain)
        ]

    @cached_property
    def outlook_html(self) -> str:
        """What classic Outlook alone reads."""
        return "\n".join(_MSO.findall(self.html))

    def line_at(self, place: int) -> int:
        """Return the number of the line of a place in the page."""
        return self.html.count("\n", 0, place) + 1

    def elements(self, *tags: str) -> Iterator[HtmlElement]:
        """Yield the elements with these names, all of them when none is named."""
        for element in self.root.iter(*tags) if tags else self.root.iter(etree.Element):
            if isinstance(element.tag, str):
                yield element

    @cached_property
    def visible_text(self) -> str:
        """The words a reader sees, in one line."""
        words: list[str] = []
        for element in self.elements():
            if not self.hides(element):
                words.append(element.text or "")
            parent = element.getparent()
            if parent is not None and not self.hides(parent):
                words.append(element.tail or "")
        return " ".join(" ".join(words).split())

    def hides(self, element: HtmlElement) -> bool:
        """Say whether an element or one around it is not shown."""
        return element in self._hidden

    @cached_property
    def _hidden(self) -> set[HtmlElement]:
        hidden: set[HtmlElement] = set()
        for element in self.elements():
            parent = element.getparent()
            if (parent is not None and parent in hidden) or _hides_itself(element):
                hidden.add(element)
        return hidden

    @cached_property
    def depth(self) -> int:
        """How deep elements are nested."""
        deepest = 0
        depths: dict[HtmlElement, int] = {}
        for element in self.elements():
            parent = element.getparent()
            depths[element] = depths.get(parent, 0) + 1 if parent is not None else 1
            deepest = max(deepest, depths[element])
        return deepest


def style_of(element: HtmlElement) -> list[Declaration]:
    """Return what the style attribute of an element declares."""
    text = element.get("style", "")
    return [replace(each, line=line_of(element)) for each in _declared(text)] if text else []


@lru_cache(maxsize=4096)
def _declared(style: str) -> tuple[Declaration, ...]:
    # A mail says the same again and again: once inlined, each paragraph has its class's style.
    return tuple(read_declarations(style))


def _hides_itself(element: HtmlElement) -> bool:
    return element.tag in _NEVER_SHOWN or any(
        (rule.name, rule.value.lower()) in _HIDING for rule in _declared(element.get("style", ""))
    )


def line_of(element: HtmlElement) -> int:
    """Return the number of the line an element stands in."""
    return int(element.sourceline or 0)


def words_of(element: HtmlElement) -> str:
    """Return the text in an element, alternative texts of pictures included, in one line."""
    parts: list[str] = []
    for each in element.iter():
        if each.tag == "img":
            parts.append(each.get("alt", ""))
        if isinstance(each.tag, str) or each is element:
            parts.append(each.text or "")
        if each is not element:
            parts.append(each.tail or "")
    return " ".join(" ".join(parts).split())
