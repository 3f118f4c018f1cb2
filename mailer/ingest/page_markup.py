"""An article's HTML page as lines, and what its head says about it.

Knows the metadata that pages carry (Open Graph, canonical link, language). What the lines mean is
the page parser's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.ingest.block_parts import Block
from mailer.ingest.blocks import MAX_TOKENS, blocks
from mailer.ingest.links import web_url
from mailer.ingest.markup import Token, tokens

_LANGUAGE: Final = re.compile(r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z_-]{2,20})", re.I)
_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml"})


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the head of a page says; empty where it says nothing.

    `titles` are possible headlines, best first. `links` maps the words of a link to its address.
    """

    url: str = ""
    language: str = ""
    author: str = ""
    published: str = ""
    description: str = ""
    feed: str = ""
    is_article: bool = False
    titles: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)


def page_lines(source: str) -> list[str]:
    """Return the visible lines of a page, as a browser would copy them; '' parts blocks."""
    lines: list[str] = []
    for block in blocks(source):
        lines += ["", *(line.strip() for line in block.text.split("\n"))]
    return lines


def page_facts(source: str) -> PageFacts:
    """Return what a page's metadata, headings and links say."""
    meta: dict[str, str] = {}
    links: dict[str, str] = {}
    title = ""
    in_title = False
    for count, token in enumerate(tokens(source)):
        if count >= MAX_TOKENS:
            break
        if token.name == "title":
            in_title = not token.is_end
        elif in_title and not token.name:
            title = title or token.text
        elif token.name == "meta":
            _take_meta(token, meta)
        elif token.name == "link":
            _take_link(token, links)
    url = web_url(links.get("canonical", "")) or web_url(meta.get("og:url", ""))
    visible = list(blocks(source, url))
    headings = [block.text for block in visible if block.original == "h1"]
    titles = (meta.get("og:title", ""), meta.get("twitter:title", ""), title, *headings)
    found = _LANGUAGE.search(source[:20_000])
    return PageFacts(
        url=url,
        language=found[1] if found else meta.get("og:locale", ""),
        author=_author(meta),
        published=meta.get("article:published_time", "") or meta.get("date", ""),
        description=meta.get("og:description", "") or meta.get("description", ""),
        feed=web_url(links.get("feed", ""), url),
        is_article=meta.get("og:type") == "article" or "article:published_time" in meta,
        titles=tuple(cleaned for text in titles if (cleaned := clean_header(text, 300))),
        links=_link_texts(visible),
    )


def _take_meta(token: Token, meta: dict[str, str]) -> None:
    attributes = token.attributes()
    name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
    if content := clean_header(attributes.get("content", "")[:5000], 1000):
        meta.setdefault(name.lower(), content)


def _take_link(token: Token, links: dict[str, str]) -> None:
    attributes = token.attributes()
    rel, href = attributes.get("rel", "").lower().split(), attributes.get("href", "")
    if "canonical" in rel:
        links.setdefault("canonical", href)
    elif "alternate" in rel and attributes.get("type", "").lower() in _FEED_TYPES:
        links.setdefault("feed", href)


def _author(meta: dict[str, str]) -> str:
    author = meta.get("author", "") or meta.get("article:author", "")
    return "" if web_url(author) else author  # Open Graph also allows the address of a profile.


def _link_texts(visible: Iterable[Block]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in visible:
        texts: dict[str, str] = {}
        for run in block.runs:
            if run.href:
                texts[run.href] = texts.get(run.href, "") + run.text
        for href, text in texts.items():
            found.setdefault(clean_header(text), href)
    return found
