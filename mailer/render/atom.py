"""An Atom feed of stories (RFC 4287)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from mailer.core.hygiene import clean_header
from mailer.core.readers import Newsletter
from mailer.core.stories import Story
from mailer.render.languages import language_of
from mailer.render.links import story_path, web_address
from mailer.render.site import Site

_ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 has no way to write (section 2.2).
_UNWRITABLE = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
# A feed without entries has been updated, too; any moment that does not move will do.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def draw_feed(
    newsletter: Newsletter, entries: Sequence[tuple[Story, datetime]], site: Site
) -> bytes:
    """Return the feed of a newsletter: its stories, each with when its text last changed."""
    top = web_address(site.public_url) or site.public_url
    here = f"{top}/n/{newsletter.slug}"
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _text(feed, "id", f"{here}/feed.xml")
    _text(feed, "title", newsletter.name)
    if newsletter.description:
        _text(feed, "subtitle", newsletter.description)
    _text(feed, "updated", _moment(max((at for _, at in entries), default=_BEGINNING)))
    _link(feed, "self", f"{here}/feed.xml", "application/atom+xml")
    _link(feed, "alternate", here, "text/html")
    author = ElementTree.SubElement(feed, f"{{{_ATOM}}}author")
    _text(author, "name", site.name)
    for story, changed_at in entries:
        feed.append(_entry(story, changed_at, top))
    content: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _entry(story: Story, changed_at: datetime, top: str) -> ElementTree.Element:
    entry = ElementTree.Element(f"{{{_ATOM}}}entry")
    if language := language_of(story.language):
        entry.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    address = f"{top}{story_path(story)}"
    _text(entry, "id", address)
    _text(entry, "title", story.title or story.uid)
    _text(entry, "published", _moment(story.published_at))
    _text(entry, "updated", _moment(changed_at))
    _link(entry, "alternate", address, "text/html")
    if story.byline:
        author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
        _text(author, "name", story.byline)
    for tag in story.tags:
        ElementTree.SubElement(entry, f"{{{_ATOM}}}category", term=tag)
    _text(entry, "summary", story.summary)
    return entry


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _UNWRITABLE.sub(
        "", clean_header(text, 2_000)
    )


def _link(parent: ElementTree.Element, rel: str, href: str, kind: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}link", rel=rel, href=href, type=kind)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
