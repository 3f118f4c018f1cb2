"""The facts of a feed, as feedparser finds them, in a process of its own.

feedparser expands entities and falls back to patterns that take minutes on purpose-made input; a
process can be given limits, a thread cannot (S13). Run as a module it reads the feed in UTF-8 on
standard input and writes FeedFacts as JSON on standard output. It imports nothing heavy of ours.
"""

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import feedparser

# 20 MiB of the smallest items took 700 MB; of ordinary items, 130 MB.
_MEMORY_BYTES: Final = 1024 * 1024 * 1024

_ADDRESS: Final = re.compile(r"[^\s<>()]+@[^\s<>()]+")
_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Words:
    """A text construct: HTML or plain, and the address its relative links start from."""

    text: str = ""
    is_html: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One entry as the feed has it, nothing cleaned.

    `moment` is year, month, day, hour, minute and second in UTC, or empty.
    """

    id: str
    link: str
    title: Words
    summary: Words
    content: Words
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    moment: tuple[int, ...]
    language: str


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """A whole feed. `version` is feedparser's name of the format, empty when it is none."""

    version: str
    link: str
    language: str
    entries: tuple[EntryFacts, ...]


def read_entries(feed: bytes, most: int) -> FeedFacts:
    """Return what a feed says, at most `most` entries of it. Takes UTF-8 that begins at the root.

    Raises whatever feedparser does on broken input: the caller's process is not ours to protect.
    """
    parsed = feedparser.parse(
        io.BytesIO(feed),  # Never str or bytes: those may be a path or an address (S12).
        response_headers={"content-type": "application/xml; charset=utf-8"},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    return FeedFacts(
        version=str(parsed.get("version") or ""),
        link=str(parsed["feed"].get("link") or ""),
        language=str(parsed["feed"].get("language") or ""),
        entries=tuple(_entry(entry) for entry in parsed["entries"][:most]),
    )


def facts_from_json(text: str | bytes) -> FeedFacts:
    """Return the facts another process has written."""
    read = json.loads(text)
    entries = tuple(
        EntryFacts(
            **{
                **entry,
                "title": Words(**entry["title"]),
                "summary": Words(**entry["summary"]),
                "content": Words(**entry["content"]),
                "authors": tuple(entry["authors"]),
                "categories": tuple(entry["categories"]),
                "moment": tuple(entry["moment"]),
            }
        )
        for entry in read.pop("entries")
    )
    return FeedFacts(**read, entries=entries)


def _entry(entry: Any) -> EntryFacts:
    # dict.get: FeedParserDict's own get answers for related keys too, with a warning.
    summary = _words(dict.get(entry, "summary_detail"))
    content = max(
        (_words(words) for words in dict.get(entry, "content") or ()),
        key=lambda words: (words.is_html, len(words.text)),
        default=Words(),
    )
    moment = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed") or ()
    return EntryFacts(
        id=str(dict.get(entry, "id") or ""),
        link=str(dict.get(entry, "link") or ""),
        title=_words(dict.get(entry, "title_detail")),
        # Without a description feedparser copies the content there.
        summary=Words() if summary.text == content.text else summary,
        content=content,
        authors=tuple(dict.fromkeys(_authors(entry))),
        categories=tuple(
            str(tag.get("label") or tag.get("term") or "") for tag in dict.get(entry, "tags") or ()
        ),
        moment=tuple(moment[:6]),
        language=str((dict.get(entry, "title_detail") or {}).get("language") or ""),
    )


def _words(detail: Any) -> Words:
    if not detail:
        return Words()
    return Words(
        text=str(detail.get("value") or ""),
        is_html=detail.get("type") in _HTML_TYPES,
        base=str(detail.get("base") or ""),
    )


def _authors(entry: Any) -> Iterator[str]:
    authors = dict.get(entry, "authors") or []
    for author in authors:
        name = str(author.get("name") or "")
        if len(authors) == 1 and author.get("email"):
            # feedparser cuts an address after four letters of its last part, and leaves the rest.
            name = _ADDRESS.sub("", str(dict.get(entry, "author") or ""))
        # An author who is only an address stays unnamed: it is nobody's wish to be printed so.
        if name := name.strip(" ()<>"):
            yield name


def _limit_this_process() -> None:
    try:
        import resource  # noqa: PLC0415 - not everywhere
    except ImportError:
        return  # Windows: the time limit of the caller remains.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def main() -> None:
    """Read a feed from standard input and write its facts; the argument is the most entries."""
    _limit_this_process()
    facts = read_entries(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.write(json.dumps(asdict(facts)))


if __name__ == "__main__":
    main()
