"""The printed page of an article to a story, from plain text or HTML.

Knows the order of a news page: headline, lead, body behind a dateline, tags, older stories, and
what belongs to none of them. What one line looks like is left to page_lines, which one is the
headline to page_order, the words round an article to page_words.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final

from mailer.core.hygiene import clean_text
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.core.tags import slugify
from mailer.errors import InputError, RejectedDocument
from mailer.ingest.dates import PrintedDate, read_instant
from mailer.ingest.drafts import MAX_SEE_ALSO, MAX_TAGS, make_draft
from mailer.ingest.page_lines import Line, is_prose, read_page_lines, split_dateline
from mailer.ingest.page_markup import PageFacts, page_facts, page_lines
from mailer.ingest.page_order import find_headline, find_kicker
from mailer.ingest.page_words import Marker, Role, is_quotation
from mailer.ingest.sanitize import paragraphs_html
from mailer.ingest.see_also import read_see_also

# The longest articles have some 100,000 characters; a page has more lines than its article.
_MOST_CHARACTERS: Final = 1_000_000
_MOST_LINES: Final = 20_000

_MARKDOWN: Final = re.compile(r"#{1,6} |```|[-*+] |\| |\d+\. |\[[ x]\]")
_LONGEST_LEAD: Final = 600


class _Part(Enum):
    BODY = auto()
    TAGS = auto()
    SEE_ALSO = auto()
    REST = auto()


@dataclass(slots=True)
class _Page:
    """What was found under the headline. `parted_at`: paragraphs before byline or date."""

    paragraphs: list[Line] = field(default_factory=list)
    parted_at: int = 0
    byline: str = ""
    date: PrintedDate | None = None
    dates_in_body: int = 0
    tags: list[str] = field(default_factory=list)
    see_also: list[str] = field(default_factory=list)


def read_page(text: str, *, name: str, is_html: bool) -> ParsedDocument:
    """Return the one story of a printed page.

    The uid is the canonical address of an HTML page, else 'page:', its date and the slug of its
    headline, so that a corrected body keeps it. Times without a zone are UTC. A date that can be
    read in two ways is month first, on pages not in English day first. Without a dateline the first
    of three or more paragraphs is taken for the lead, and stands in the summary, not in the body.
    Raises RejectedDocument for what is no article, with the reason.
    """
    shown = "\n".join(page_lines(text)) if is_html else clean_text(text)
    if len(shown) > _MOST_CHARACTERS or shown.count("\n") > _MOST_LINES:
        raise RejectedDocument(f"{name!r} is too long for one article: give one article a file")
    facts = page_facts(text) if is_html else PageFacts()
    lines = read_page_lines(shown.split("\n"))
    headline = find_headline(lines, facts)
    if headline is None:
        raise _no_article(name, facts, "it has no headline above a text")
    page = _walk(lines, headline)
    _check(page, lines, headline, facts, name)
    return ParsedDocument("page", (_draft(page, lines, headline, facts),))


def _walk(lines: Sequence[Line], headline: int) -> _Page:
    page = _Page()
    for line in lines[:headline]:
        page.date = line.date or page.date
        page.byline = line.byline or page.byline
    part = _Part.BODY
    last_tags = max((i for i, line in enumerate(lines) if _has(line, Role.TAGS)), default=-1)
    for index, line in enumerate(lines[headline + 1 :], start=headline + 1):
        if line.marker is not None:
            part = _after_marker(page, line.marker, part, tags_follow=index < last_tags)
        elif part is _Part.BODY:
            _take_body(page, line)
        elif part is _Part.TAGS:
            names = [tag.strip("#-*• ") for tag in re.split(r"[,;|·、]", line.text)]
            if line.date or any(len(tag) > 60 for tag in names) or is_quotation(line.text):
                part = _Part.REST
            else:
                page.tags += names
        elif part is _Part.SEE_ALSO:
            follower = lines[index + 1] if index + 1 < len(lines) else None
            if _ends_list(line, follower):
                part = _Part.REST
            else:
                page.see_also.append(line.text)
    last = page.paragraphs[-1] if len(page.paragraphs) > 2 else None
    if last and last.blank_count > 1 and is_quotation(last.text):
        page.paragraphs.pop()  # The motto under the page.
    return page


def _has(line: Line, role: Role) -> bool:
    return line.marker is not None and line.marker.role is role


def _after_marker(page: _Page, marker: Marker, part: _Part, *, tags_follow: bool) -> _Part:
    """Return in which part the next line stands."""
    role, rest = marker.role, marker.rest
    if role is Role.TAGS:
        page.tags += re.split(r"[,;|·、]", rest)
        return _Part.REST if rest else _Part.TAGS
    if role is Role.SEE_ALSO:
        if rest:
            page.see_also.append(rest)
            return part  # A pointer inside the text, which goes on.
        return _Part.SEE_ALSO
    if part is _Part.BODY:
        # What stands before the text, or before the tags at its end, is a box and not the end.
        ends = role is Role.END and page.paragraphs and not tags_follow
        return _Part.REST if ends else part
    if part is _Part.SEE_ALSO and role is Role.ASIDE:
        return part
    return _Part.REST


def _take_body(page: _Page, line: Line) -> None:
    count = len(page.paragraphs)
    if line.date:
        if page.date is None:
            page.date, page.parted_at = line.date, max(page.parted_at, count if count < 3 else 0)
        page.dates_in_body += 1
    elif line.byline and not page.byline:
        page.byline, page.parted_at = line.byline, count if count < 3 else 0
    elif not (line.is_kicker and not count):
        page.paragraphs.append(line)


def _ends_list(line: Line, follower: Line | None) -> bool:
    dated = follower is not None and follower.date is not None
    return len(line.text) > 300 or (is_quotation(line.text) and not dated)


def _check(page: _Page, lines: Sequence[Line], headline: int, facts: PageFacts, name: str) -> None:
    """Raise RejectedDocument unless the lines are an article beyond reasonable doubt."""
    kicker = find_kicker(lines, headline)
    placed = any(split_dateline(line.text)[0] for line in page.paragraphs[:4])
    signs = (page.date, page.byline, kicker, placed, facts.is_article)
    found = sum(1 for sign in signs if sign)
    prose = any(is_prose(line.text) for line in page.paragraphs)
    if not page.paragraphs or not (prose or found > 1):
        raise _no_article(name, facts, "it has no paragraph of text under a headline")
    roles = {line.marker.role for line in lines if line.marker} - {Role.ASIDE}
    if not found and len(roles) < 2:
        raise _no_article(name, facts, "it has no date, byline, kicker or dateline")
    marked = sum(1 for line in lines if _MARKDOWN.match(line.text))
    if found < 2 and marked > max(2, len(lines) // 10):
        raise _no_article(name, facts, "it is marked up like notes or documentation")
    if page.dates_in_body > 2 and not facts.is_article:
        raise _no_article(name, facts, "it holds several dated texts")


def _no_article(name: str, facts: PageFacts, reason: str) -> RejectedDocument:
    mend = "put the date, the headline and the paragraphs on lines of their own"
    if facts.feed:
        mend = f"its site names a feed, import {facts.feed}"
    return RejectedDocument(f"{name!r} is no article we can read, {reason}: {mend}")


def _draft(page: _Page, lines: Sequence[Line], headline: int, facts: PageFacts) -> StoryDraft:
    title = lines[headline].text
    language = facts.language or _language(lines)
    instant = read_instant(facts.published)
    if instant is None and page.date is not None:
        instant = page.date.at(day_first=language[:2].lower() not in ("", "en"))
    lead, dateline, body = _lead_and_body(page)
    kicker = find_kicker(lines, headline)
    return make_draft(
        uids=(facts.url, _page_uid(title, instant)),
        title=title,
        url=facts.url,
        summary=lead or facts.description,
        body_html=paragraphs_html(body),
        byline=page.byline or facts.author,
        dateline=dateline,
        language=language,
        published_at=instant,
        kicker=(kicker,) if kicker else (),
        keywords=page.tags[: 10 * MAX_TAGS],
        see_also=read_see_also(
            page.see_also[: 4 * MAX_SEE_ALSO], links=facts.links, before=instant
        ),
    )


def _lead_and_body(page: _Page) -> tuple[str, str, list[str]]:
    """Return the lead, the dateline, and the paragraphs of the body."""
    texts = [line.text for line in page.paragraphs]
    for index, text in enumerate(texts[:4]):
        dateline, rest = split_dateline(text)
        if dateline:
            return " ".join(texts[:index]), dateline, [rest, *texts[index + 1 :]]
    lead_count = page.parted_at if page.parted_at < len(texts) else 0
    if not lead_count and len(texts[0]) <= _LONGEST_LEAD:
        apart = len(texts) == 2 and page.paragraphs[1].blank_count > 1
        lead_count = 1 if apart or len(texts) > 2 else 0
    return " ".join(texts[:lead_count]), "", texts[lead_count:]


def _language(lines: Sequence[Line]) -> str:
    """Return the language of the words round the article; '' when there are none."""
    seen = Counter(line.marker.language for line in lines if line.marker and line.marker.language)
    return seen.most_common(1)[0][0] if seen else ""


def _page_uid(title: str, instant: datetime | None) -> str:
    try:
        slug = slugify(title)
    except InputError:
        slug = hashlib.sha256(title.encode()).hexdigest()[:16]
    return f"page:{instant.date().isoformat()}-{slug}" if instant else f"page:{slug}"
