"""From the fields of an item to a StoryDraft, whatever format they came in.

Keeps the caps on every field (S25) and decides what a keyword is: a kicker or a topic. Where the
fields come from is left to the parsers; HTML is the sanitiser's.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from mailer.core.hygiene import clean_header, clean_text
from mailer.core.kickers import kicker_labels
from mailer.core.stories import ParsedDocument, Rejection, SeeAlso, StoryDraft
from mailer.core.tags import slugify
from mailer.errors import InputError
from mailer.ingest.dates import in_utc

TITLE_CHARACTERS: Final = 300
SUMMARY_CHARACTERS: Final = 1000
LABEL_CHARACTERS: Final = 80
MAX_TAGS: Final = 30
MAX_SEE_ALSO: Final = 50

# More than 20 MiB of real stories hold; six million empty items would take minutes.
MAX_ITEMS: Final = 20_000
MAX_REJECTIONS: Final = 1000

_LONGEST_UID: Final = 200
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_BY: Final = re.compile(
    r"(?:by|di|de|do|da|por|par|von)\s+|(?:\u4f5c\u8005|\u6587|\u8bb0\u8005|\u8a18\u8005)"
    r"\s*[:\uff1a/|]\s*",
    re.IGNORECASE,
)
_KICKER_TITLE: Final = re.compile(
    r"(?P<kicker>[^|\n\t]{3,120}?)(?:\s{2,}|\s*[|\n\t]\s*|:\s)(?P<rest>\S.*)", re.S
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a document: what people call it there, and how to read it.

    `read` raises InputError with the reason when the item is no story.
    """

    name: str
    read: Callable[[], StoryDraft]


def collect(kind: str, items: Iterable[Item]) -> ParsedDocument:
    """Read up to MAX_ITEMS items; one that cannot be read is rejected, and loses no other.

    A uid that comes twice is taken once: the same story again is passed over in silence, another
    story under the same uid is rejected.
    """
    drafts: dict[str, StoryDraft] = {}
    names: dict[str, str] = {}
    rejections: list[Rejection] = []
    untold = 0
    for count, item in enumerate(items):
        if count >= MAX_ITEMS:
            reason = f"a document holds at most {MAX_ITEMS:,} stories: split it"
            rejections.append(Rejection(f"{item.name} and what follows", reason))
            break
        try:
            draft = item.read()
            if draft.uid in drafts and drafts[draft.uid] != draft:
                raise InputError(
                    f"uid {draft.uid!r} is taken by {names[draft.uid]}: give each story its own"
                )
        except InputError as error:
            if len(rejections) < MAX_REJECTIONS:
                rejections.append(Rejection(item.name, str(error)))
            else:
                untold += 1
            continue
        drafts.setdefault(draft.uid, draft)
        names.setdefault(draft.uid, item.name)
    if untold:
        rejections.append(Rejection(f"{untold:,} more", "not taken either: mend those above first"))
    return ParsedDocument(kind, tuple(drafts.values()), tuple(rejections))


def make_draft(
    *,
    title: str,
    uids: Iterable[str] = (),
    url: str = "",
    summary: str = "",
    body_html: str = "",
    byline: str = "",
    dateline: str = "",
    language: str = "",
    published_at: datetime | None = None,
    embargo_until_at: datetime | None = None,
    urgent: bool = False,
    kicker: Iterable[str] = (),
    keywords: Iterable[str] = (),
    see_also: Iterable[SeeAlso] = (),
) -> StoryDraft:
    """Return a draft of cleaned and capped fields.

    `uids` are candidates, best first; empty ones are passed over. `url` and `body_html` come clean
    already; `summary` is plain text. `kicker` holds lines or labels; a keyword that is a kicker
    line in capitals counts as one when `kicker` is empty. Raises InputError without a title.
    """
    headline = clean_header(title, TITLE_CHARACTERS)
    if not headline:
        raise InputError("has no title: every story needs one")
    published_at = in_utc(published_at) if published_at else None
    places, topics = _tags(kicker, keywords)
    return StoryDraft(
        uid=_uid(uids, headline, published_at),
        title=headline,
        url=url,
        summary=shortened(summary, SUMMARY_CHARACTERS),
        body_html=body_html,
        byline=byline_names(byline),
        dateline=clean_header(dateline, 100),
        language=language_code(language),
        published_at=published_at,
        embargo_until_at=in_utc(embargo_until_at) if embargo_until_at else None,
        urgent=urgent,
        kicker=places,
        topics=topics,
        see_also=tuple(_see_also(see_also)),
    )


def shortened(text: str, characters: int) -> str:
    """Return text on one line, cut at a word with an ellipsis when longer than `characters`."""
    # Cleaning first would be slow on megabytes; a summary is not made of spaces only.
    text = " ".join(clean_text(text[: 20 * characters]).split())
    if len(text) <= characters:
        return text
    text = text[: characters - 1]
    at_word = text.rfind(" ", len(text) - 100)
    return (text[:at_word] if at_word > 0 else text).rstrip(" ,;:–—-") + "…"


def byline_names(byline: str) -> str:
    """Return the names of a byline, without the 'by' of the languages we read."""
    byline = clean_header(byline)
    return byline[found.end() :] if (found := _BY.match(byline)) else byline


def language_code(language: str) -> str:
    """Return a language code such as 'en' or 'zh-Hant'; empty for anything else."""
    language = language.strip()
    return language.replace("_", "-") if _LANGUAGE.fullmatch(language) else ""


def is_kicker_line(line: str) -> bool:
    """Say whether a line is two or more places in capitals, parted by dashes."""
    if len(line) > 200 or any(map(str.islower, line)) or any(mark in line for mark in "|/"):
        return False
    return len(kicker_labels(line)) > 1


def split_kicker(title: str) -> tuple[str, str]:
    """Part a kicker from the title behind it: ('CHINA – JAPAN', 'Talks resume').

    Only when the two are clearly apart: a line break, tab, bar, colon or two spaces between them,
    and no capitals-only title. Otherwise ('', title).
    """
    found = _KICKER_TITLE.fullmatch(title.strip()[:1000])
    if found and is_kicker_line(found["kicker"]) and any(map(str.islower, found["rest"])):
        return found["kicker"], found["rest"]
    return "", title


def _uid(candidates: Iterable[str], title: str, published_at: datetime | None) -> str:
    for candidate in candidates:
        # Longer ones are not cut, because two could become one.
        uid = clean_header(candidate[:10_000], 10_000)
        if len(uid) > _LONGEST_UID:
            return "sha256:" + hashlib.sha256(candidate.encode("utf-8", "replace")).hexdigest()
        if uid:
            return uid
    facts = f"{title}\n{published_at.isoformat() if published_at else ''}"
    return "sha256:" + hashlib.sha256(facts.encode()).hexdigest()


def _tags(
    kicker: Iterable[str], keywords: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = list(islice(kicker, 10 * MAX_TAGS))
    topics: list[str] = []
    from_keywords: list[str] = []
    for keyword in islice(keywords, 10 * MAX_TAGS):
        label = clean_header(keyword, 250).strip("#,; ")
        (from_keywords if is_kicker_line(label) else topics).append(label)
    taken: set[str] = set()
    places = _labels(
        (
            label
            for line in lines or from_keywords
            for label in kicker_labels(clean_header(line, 1000))
        ),
        taken,
    )
    return places, _labels(topics, taken)


def _labels(labels: Iterable[str], taken: set[str]) -> tuple[str, ...]:
    """Return labels that make a tag, each tag once and none that is in `taken`."""
    kept: list[str] = []
    for label in (clean_header(label, LABEL_CHARACTERS) for label in labels):
        if len(taken) >= MAX_TAGS:
            break
        try:
            slug = slugify(label)
        except InputError:
            continue  # Nothing but signs, such as '***': no tag, and no reason to lose the story.
        if slug not in taken:
            taken.add(slug)
            kept.append(label)
    return tuple(kept)


def _see_also(others: Iterable[SeeAlso]) -> list[SeeAlso]:
    cleaned = (
        SeeAlso(clean_header(other.title, TITLE_CHARACTERS), other.url, other.published_on)
        for other in others
    )
    return [other for other in cleaned if other.title][:MAX_SEE_ALSO]
