"""The front door: any document a newsroom has, to stories.

Looks at what the bytes are and hands them to the parser of that format. Believes the content rather
than its name or type, because servers and people often name a feed wrongly.
"""

import json
import re
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.core.stories import ParsedDocument
from mailer.errors import InputError, RejectedDocument
from mailer.ingest.decoding import decode
from mailer.ingest.feeds import FEED_ROOTS, read_feed, xml_root
from mailer.ingest.jsonfeed import is_json_feed, read_json_feed
from mailer.ingest.jsonl import parse_json, read_lines, read_objects
from mailer.ingest.pages import read_page

# Four times what the fetcher takes from the network: an archive comes as a file.
MAX_DOCUMENT_BYTES: Final = 20 * 1024 * 1024

_LINES_NAME: Final = re.compile(r"\.(?:jsonl|ndjson|jsonlines)\Z", re.IGNORECASE)


def read_document(
    content: bytes, *, name: str, content_type: str = "", address: str = ""
) -> ParsedDocument:
    """Read RSS, RDF, Atom, JSON Feed, JSON Lines, or the printed page of an article.

    `name` is the file's name or the address, for messages; of `content_type` only the charset
    counts; `address` is where it was found, for feeds whose links are relative to it. The kind is
    'rss', 'atom', 'jsonfeed', 'jsonl' or 'page'. A feed without entries gives no drafts. Raises
    RejectedDocument, which says how to mend it, for a document that is empty, over 20 MiB, not
    text, or none of these.
    """
    name = clean_header(name, 120) or "document"
    if len(content) > MAX_DOCUMENT_BYTES:
        raise RejectedDocument(f"{name!r} is larger than 20 MiB: split it")
    text = decode(content, name=name, content_type=content_type).lstrip("\ufeff")
    begin = text.lstrip()[:1]
    if not begin:
        raise RejectedDocument(f"{name!r} is empty: give a feed, JSON Lines, or an article")
    if begin == "<":
        return _read_markup(text, name, address)
    if _LINES_NAME.search(name):
        return _read_json(text, name, address) if begin == "[" else _lines(text, name)
    if begin in "{[":
        return _read_json(text, name, address)
    if any(_is_object(line) for line in text.split("\n", 20)[:20]):
        return _lines(text, name)
    return read_page(text, name=name, is_html=False)


def _read_markup(text: str, name: str, address: str) -> ParsedDocument:
    root, _ = xml_root(text)
    if root in FEED_ROOTS:
        return read_feed(text, name=name, address=address)
    if root == "opml":
        raise RejectedDocument(f"{name!r} is a list of feeds: add each with 'mailer feeds add'")
    if text.lstrip().startswith("<?xml") and root != "html":
        raise RejectedDocument(
            f"{name!r} is XML with the root {root!r}: give an RSS or Atom feed, or a page in HTML"
        )
    return read_page(text, name=name, is_html=True)


def _read_json(text: str, name: str, address: str) -> ParsedDocument:
    try:
        value = parse_json(text)
    except InputError as error:
        lines = [line for line in text.split("\n", 1000)[:1000] if line.strip()]
        if _LINES_NAME.search(name) or any(map(_is_object, lines)):
            return _lines(text, name)
        if not text.lstrip().startswith("{") and len(lines) > 2:
            # '[Photo]' and the like may stand at the head of a page.
            return read_page(text, name=name, is_html=False)
        raise RejectedDocument(f"{name!r} {error}") from error
    if isinstance(value, dict) and is_json_feed(value):
        return read_json_feed(value, address=address)
    return read_objects(value if isinstance(value, list) else [value])


def _lines(text: str, name: str) -> ParsedDocument:
    parsed = read_lines(text)
    if not parsed.drafts and not parsed.rejections:
        raise RejectedDocument(f"{name!r} holds no line: write one story as {{...}} on each")
    return parsed


def _is_object(line: str) -> bool:
    line = line.strip()
    if not (line.startswith("{") and line.endswith("}")):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
