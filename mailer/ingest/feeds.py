"""RSS, RDF and Atom to stories.

Knows what a feed's elements mean for a story. feedparser runs in a process with limits; here the
document type declaration, where XML bombs live, is taken off before it sees the feed (S13).
"""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Final

from mailer.core.hygiene import clean_header
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.errors import RejectedDocument
from mailer.ingest.blocks import blocks
from mailer.ingest.drafts import (
    MAX_ITEMS,
    SUMMARY_CHARACTERS,
    Item,
    collect,
    make_draft,
    split_kicker,
)
from mailer.ingest.feed_entries import EntryFacts, FeedFacts, Words, facts_from_json
from mailer.ingest.links import web_url
from mailer.ingest.markup import plain, without_huge_numbers
from mailer.ingest.sanitize import clean_html, paragraphs_html, plain_text

FEED_ROOTS: Final = frozenset({"rss", "rdf", "feed", "channel"})

# 20 MiB of ordinary items take 3 s on one core.
MOST_SECONDS: Final = 20.0

# feedparser takes a title for plain text when it holds a tag of which it never heard.
_TITLE_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|em|font|i|img|p|q|s|script|small|span|strong|style|sub|sup|u)"
    r"(?:[\s/][^<>]{0,1000})?>",
    re.IGNORECASE,
)
_ROOT: Final = re.compile(r"<([A-Za-z_][\w.-]{0,100}+)(?::([A-Za-z_][\w.-]{0,100}+))?")
# What XML 1.0 section 2.2 does not allow; one of them makes a strict parser give up.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def xml_root(text: str) -> tuple[str, int]:
    """Return the name of the root element in lower case, without prefix, and where it begins.

    Passes over declarations, comments and the document type. ('', -1) when there is none.
    """
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            end, mark = text.find("-->", at + 4), 3
        elif text.startswith("<?", at):
            end, mark = text.find("?>", at + 2), 2
        elif text.startswith("<!", at):
            end, mark = _doctype_end(text, at), 1
        else:
            found = _ROOT.match(text, at)
            return ((found[2] or found[1]).lower(), at) if found else ("", -1)
        if end < 0:
            break
        at = end + mark
    return "", -1


def read_feed(
    text: str, *, name: str, address: str = "", seconds: float = MOST_SECONDS
) -> ParsedDocument:
    """Return the stories of an RSS, RDF or Atom feed; the order is the feed's.

    A story's uid is the entry's id, else its link, else a hash of title and date. The summary is
    the description; when there is only content, its first paragraph. A description too long for a
    summary is the body when there is no other. Relative links start from the feed's own link, else
    from `address`, where it was found.
    Raises RejectedDocument when it is no feed, or takes more time or memory than a feed needs.
    """
    facts = _facts(from_the_root(text), name, seconds)
    if not facts.version and not facts.entries:
        raise RejectedDocument(f"{name!r} is XML but no RSS or Atom feed: check the address")
    return feed_document(facts, address)


def from_the_root(text: str) -> bytes:
    """Return what of a feed the parser may see: from its root on, without what is no XML."""
    _, begin = xml_root(text)
    return without_huge_numbers(_NOT_XML.sub("", text[max(begin, 0) :])).encode()


def feed_document(facts: FeedFacts, address: str = "") -> ParsedDocument:
    """Return the stories of a feed whose facts are known, found at `address`."""
    home = web_url(facts.link, address) or web_url(address)
    kind = "atom" if facts.version.startswith("atom") else "rss"
    return collect(
        kind,
        (
            Item(_entry_name(number, entry), partial(_draft, entry, facts, home))
            for number, entry in enumerate(facts.entries, start=1)
        ),
    )


def _doctype_end(text: str, begin: int) -> int:
    """Return the place of the '>' that ends a declaration, past its internal subset if any."""
    end = text.find(">", begin)
    subset = text.find("[", begin, end) if end >= 0 else -1
    if subset < 0:
        return end
    closing = re.compile(r"\]\s*+>").search(text, subset)
    return closing.end() - 1 if closing else -1


def _facts(feed: bytes, name: str, seconds: float) -> FeedFacts:
    try:
        done = subprocess.run(  # noqa: S603 - our own module, the feed goes in by pipe
            [sys.executable, "-P", "-m", "mailer.ingest.feed_entries", str(MAX_ITEMS + 1)],
            input=feed,
            capture_output=True,
            timeout=seconds,
            check=True,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise RejectedDocument(
            f"{name!r} took more than {seconds:g} s to read and was given up: "
            "it is very large or made to be slow; ask its owner for a plain RSS or Atom feed"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        reason = clean_header(said, 100) or "the parser was stopped"
        raise RejectedDocument(
            f"{name!r} could not be read as a feed ({reason}): check it with a feed validator"
        ) from error
    return facts_from_json(done.stdout)


def _environment() -> dict[str, str]:
    """Return what Python needs to start; a hostile feed must not find our passwords there."""
    needed = ("LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}


def _entry_name(number: int, entry: EntryFacts) -> str:
    title = clean_header(entry.title.text[:500], 60)
    return f"entry {number} ({title})" if title else f"entry {number}"


def _draft(entry: EntryFacts, feed: FeedFacts, home: str) -> StoryDraft:
    url = web_url(entry.link, home)
    base = web_url(entry.content.base or entry.summary.base, home) or url or home
    summary = _one_line(entry.summary)
    body = _body(entry.content, base)
    if not body and len(summary) > SUMMARY_CHARACTERS:
        body = _body(entry.summary, base)
    if not summary and body:
        summary = next((block.text for block in blocks(body) if block.name in ("p", "")), "")
    kicker, title = split_kicker(_title(entry.title, is_atom=feed.version.startswith("atom")))
    return make_draft(
        uids=(entry.id, url),
        title=title,
        url=url,
        summary=summary,
        body_html=body,
        byline=", ".join(entry.authors),
        language=entry.language or feed.language,
        published_at=_moment(entry.moment),
        keywords=(kicker, *entry.categories) if kicker else entry.categories,
    )


def _title(words: Words, *, is_atom: bool) -> str:
    """Return a title with its line breaks, which may part the kicker from it."""
    if words.is_html or (not is_atom and _TITLE_TAG.search(words.text[:10_000])):
        return plain_text(words.text)
    # RSS does not say whether a title is escaped once or twice; '&amp;' is never meant as such.
    return plain(words.text[:10_000])


def _one_line(words: Words) -> str:
    return (
        plain_text(words.text) if words.is_html else " ".join(plain(words.text[:100_000]).split())
    )


def _body(words: Words, base: str) -> str:
    if words.is_html:
        return clean_html(words.text, base)
    return paragraphs_html(re.split(r"\n\s*\n", plain(words.text[:1_000_000])))


def _moment(parts: tuple[int, ...]) -> datetime | None:
    if len(parts) != 6:
        return None
    year, month, day, hour, minute, second = parts
    try:
        # A leap second is the last one of its minute, as everywhere in Python.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
