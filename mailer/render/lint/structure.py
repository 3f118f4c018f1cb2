"""Rules for how a page is made: language, headings, pictures, tables, preheader, size."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.render.languages import direction_of, language_of
from mailer.render.lint.documents import Page, line_of, style_of, words_of
from mailer.render.lint.findings import Finding, Level

# Gmail shows 102 KB of HTML and hides the rest behind a link, footer and all.
CLIP_BYTES = 102 * 1024
_NEAR_BYTES = 80 * 1024
# libxml2, which inlines, silently drops what is nested deeper than 255.
_DEEPEST = 250
_SMALLEST_PIXELS = 14
_PREHEADER = range(20, 141)


def check_size(size: int) -> Iterator[Finding]:
    """Yield what the size of the HTML part in bytes means."""
    kilobytes = f"the HTML part has {size / 1024:.0f} KB"
    mend = "tell fewer stories in full, or shorten styles"
    if size >= CLIP_BYTES:
        yield Finding(
            "size",
            Level.ERROR,
            f"{kilobytes}: Gmail clips it at 102 KB",
            mend,
            clients=("gmail.desktop-webmail", "gmail.android", "gmail.ios"),
        )
    elif size >= _NEAR_BYTES:
        yield Finding("size", Level.WARN, f"{kilobytes}, near the 102 KB of Gmail's clip", mend)


def check_structure(page: Page) -> Iterator[Finding]:
    """Yield what is wrong with the page as a document."""
    yield from _check_head(page)
    yield from _check_headings(page)
    yield from _check_pictures(page)
    yield from _check_tables(page)
    yield from _check_texts(page)
    yield from _check_preheader(page)
    for element in page.elements("script", "iframe", "applet", "frameset"):
        yield Finding(
            "active-content",
            Level.ERROR,
            f"<{element.tag!s}> is taken out by every client, and looks like an attack to filters",
            "link to a page instead",
            line_of(element),
        )
    if page.depth > _DEEPEST:
        yield Finding(
            "depth",
            Level.ERROR,
            f"elements are nested deeper than {_DEEPEST}: what follows is lost",
            "close every tag, and nest fewer tables",
        )


def _check_head(page: Page) -> Iterator[Finding]:
    html = page.root
    language = (html.get("lang") or "").strip()
    if not language:
        yield Finding(
            "lang",
            Level.ERROR,
            "<html> has no lang: screen readers guess the pronunciation",
            'write <html lang="en"> with the language of the text',
            line_of(html),
        )
    elif not language_of(language):
        yield Finding(
            "lang",
            Level.ERROR,
            f"lang='{language}' is no language tag",
            "use one such as en, it or zh-Hans (BCP 47)",
            line_of(html),
        )
    elif direction_of(language) == "rtl" and (html.get("dir") or "").lower() != "rtl":
        yield Finding(
            "dir",
            Level.ERROR,
            f"lang='{language}' is written from right to left, and dir does not say so",
            'write dir="rtl" on <html>, and on the outermost element of <body>',
            line_of(html),
        )
    if not re.match(r"\s*<!doctype html", page.html, re.IGNORECASE):
        yield Finding(
            "doctype",
            Level.WARN,
            "there is no <!DOCTYPE html>: some clients fall back to rules of 1998",
            "begin with <!DOCTYPE html>",
            1,
        )
    named = {(m.get("name") or "").lower(): m.get("content") or "" for m in page.elements("meta")}
    has_charset = any(
        meta.get("charset") or "charset" in (meta.get("content") or "")
        for meta in page.elements("meta")
    )
    if not has_charset:
        yield Finding(
            "charset", Level.WARN, "no charset is named", 'add <meta charset="utf-8"> to the head'
        )
    if "viewport" not in named:
        yield Finding(
            "viewport",
            Level.WARN,
            "there is no viewport: phones show the page shrunk",
            'add <meta name="viewport" content="width=device-width, initial-scale=1">',
        )
    if not any(words_of(title) for title in page.elements("title")):
        yield Finding(
            "title", Level.NOTE, "the page has no title", "add <title>: it names the tab and window"
        )
    has_dark = "prefers-color-scheme" in page.html
    if has_dark and "dark" not in named.get("color-scheme", ""):
        yield Finding(
            "color-scheme",
            Level.WARN,
            "there are colours for dark screens, but no color-scheme that says so",
            'add <meta name="color-scheme" content="light dark">',
        )


def _check_headings(page: Page) -> Iterator[Finding]:
    tags = [f"h{level}" for level in range(1, 7)]
    headings = [element for element in page.elements(*tags) if not page.hides(element)]
    levels = [int(str(element.tag)[1]) for element in headings]
    if levels.count(1) != 1:
        yield Finding(
            "h1",
            Level.WARN,
            f"the page has {levels.count(1) or 'no'} <h1>",
            "give it exactly one: it is what screen readers jump to first",
            line_of(headings[0]) if headings else 0,
        )
    for number, element in enumerate(headings):
        before = levels[number - 1] if number else 0
        if levels[number] > before + 1 and before:
            yield Finding(
                "heading-order",
                Level.WARN,
                f"<h{levels[number]}> follows <h{before}>: a level is left out",
                f"use <h{before + 1}>; size is a matter of style",
                line_of(element),
            )
        if not words_of(element):
            yield Finding(
                "heading-empty", Level.WARN, "an empty heading", "remove it", line_of(element)
            )


def _check_pictures(page: Page) -> Iterator[Finding]:
    for element in page.elements("img"):
        if element.get("alt") is None:
            yield Finding(
                "alt",
                Level.ERROR,
                f"the picture '{(element.get('src') or '')[-40:]}' has no alt",
                'say what it shows, or write alt="" when it only decorates',
                line_of(element),
            )
        if not (element.get("width") or "").strip("%").isdigit():
            yield Finding(
                "picture-width",
                Level.WARN,
                "a picture without a width: classic Outlook shows it in its own size",
                'write the pixels as an attribute: width="600"',
                line_of(element),
                clients=("outlook.windows",),
            )


def _check_tables(page: Page) -> Iterator[Finding]:
    for element in page.elements("table"):
        is_data = any(True for _ in element.iter("th", "caption"))
        if not is_data and (element.get("role") or "").lower() not in ("presentation", "none"):
            yield Finding(
                "table-role",
                Level.WARN,
                "a table for layout is read out cell by cell",
                'write <table role="presentation">',
                line_of(element),
            )


def _check_texts(page: Page) -> Iterator[Finding]:
    for element in page.elements():
        if page.hides(element):
            continue
        for declaration in style_of(element):
            if declaration.name in ("font-size", "font"):
                yield from _check_font(declaration.value, declaration.line)
    for rule in page.rules:
        for declaration in rule.declarations:
            if declaration.name in ("font-size", "font"):
                yield from _check_font(declaration.value, declaration.line)


def _check_font(value: str, line: int) -> Iterator[Finding]:
    found = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)px", value)
    if found and 1 < float(found[1]) < _SMALLEST_PIXELS:
        yield Finding(
            "text-small",
            Level.WARN,
            f"text of {found[1]}px is hard to read on a phone",
            f"use {_SMALLEST_PIXELS}px or more",
            line,
        )


def _check_preheader(page: Page) -> Iterator[Finding]:
    hidden = _first_hidden(page.root)
    if hidden is None:
        yield Finding(
            "preheader",
            Level.WARN,
            "no preheader: inboxes show the first words of the page beside the subject",
            "begin <body> with a hidden <div> of 40 to 130 characters",
        )
        return
    said = re.sub(r"[\u034f\u200b-\u200d\u2007\u00ad\ufeff\xa0\s]+", " ", words_of(hidden)).strip()
    if said and len(said) not in _PREHEADER:
        yield Finding(
            "preheader",
            Level.NOTE,
            f"the preheader has {len(said)} characters",
            "use 40 to 130: shorter shows what follows, longer is cut",
            line_of(hidden),
        )


def _first_hidden(root: HtmlElement) -> HtmlElement | None:
    body = root.find(".//body")
    for element in body.iter("div", "span", "p") if body is not None else ():
        rules = {rule.name: rule.value.lower() for rule in style_of(element)}
        if rules.get("display") == "none" or rules.get("max-height") in ("0", "0px"):
            return element
        if (element.text or "").strip():
            return None
    return None
