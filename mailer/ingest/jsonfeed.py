"""JSON Feed 1.0 and 1.1 to stories.

Source: jsonfeed.org/version/1.1. As lenient as with other feeds: a field of the wrong type counts
as not there, because nobody who reads the report could mend the feed; only a title must be.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.errors import InputError
from mailer.ingest.blocks import blocks
from mailer.ingest.dates import read_instant
from mailer.ingest.drafts import Item, collect, make_draft, split_kicker
from mailer.ingest.links import web_url
from mailer.ingest.sanitize import clean_html, paragraphs_html


def is_json_feed(value: object) -> bool:
    """Say whether a JSON value is a JSON Feed rather than a story."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return False
    return "jsonfeed.org" in _text(value, "version") or "title" not in value or "uid" not in value


def read_json_feed(feed: Mapping[str, object], *, address: str = "") -> ParsedDocument:
    """Return the stories of a JSON Feed, in its order; the uid is the item's id, else its address.

    The summary is the item's, else the first paragraph of its content. Relative links start from
    the feed's home page, else from `address`, where it was found.
    """
    items = feed.get("items")
    return collect(
        "jsonfeed",
        (
            Item(f"item {number}", partial(_draft, item, feed, address))
            for number, item in enumerate(items if isinstance(items, list) else [], start=1)
        ),
    )


def _draft(item: object, feed: Mapping[str, object], address: str) -> StoryDraft:
    if not isinstance(item, dict):
        raise InputError("is not an object")
    home = web_url(_text(feed, "home_page_url"), address) or web_url(address)
    url = web_url(_text(item, "url"), home) or web_url(_text(item, "external_url"), home)
    body = clean_html(_text(item, "content_html"), url or home)
    body = body or paragraphs_html(_text(item, "content_text").split("\n\n"))
    summary = _text(item, "summary")
    if not summary.strip():
        summary = next((block.text for block in blocks(body) if block.name in ("p", "")), "")
    kicker, title = split_kicker(_text(item, "title"))
    names = tuple(dict.fromkeys(_authors(item))) or tuple(dict.fromkeys(_authors(feed)))
    return make_draft(
        uids=(_id(item), url),
        title=title,
        url=url,
        summary=summary,
        body_html=body,
        byline=", ".join(names),
        language=_text(item, "language") or _text(feed, "language"),
        published_at=read_instant(_text(item, "date_published"))
        or read_instant(_text(item, "date_modified")),
        keywords=(kicker, *_tags(item)) if kicker else _tags(item),
    )


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _id(item: Mapping[str, object]) -> str:
    value = item.get("id")
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        return str(value)  # The specification asks readers to take numbers as ids.
    return _text(item, "id")


def _tags(item: Mapping[str, object]) -> tuple[str, ...]:
    tags = item.get("tags")
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def _authors(values: Mapping[str, object]) -> Iterator[str]:
    authors = values.get("authors")
    for author in [*(authors if isinstance(authors, list) else []), values.get("author")]:
        if isinstance(author, dict) and (name := _text(author, "name").strip()):
            yield name
