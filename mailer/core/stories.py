"""What a story is, before and after the store has it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SeeAlso:
    """A pointer to an older story, as printed under an article."""

    title: str
    url: str = ""
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class StoryDraft:
    """One story as a parser read it: already clean, not yet in the store.

    `kicker` holds the labels of places in printed order; `topics` all other tag labels.
    `body_html` has passed the sanitiser. `published_at` is None when the source gave no date:
    ingest then takes the moment of ingestion.
    """

    uid: str
    title: str
    url: str = ""
    summary: str = ""
    body_html: str = ""
    byline: str = ""
    dateline: str = ""
    language: str = ""
    published_at: datetime | None = None
    embargo_until_at: datetime | None = None
    urgent: bool = False
    kicker: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    see_also: tuple[SeeAlso, ...] = ()

    def content_hash(self) -> str:
        """Return 64 hex digits over what a reader sees: when they change, the revision rises.

        Tags, embargo and urgency are left out: they steer the story, they are not its text.
        """
        seen = [
            self.title,
            self.url,
            self.summary,
            self.body_html,
            self.byline,
            self.dateline,
            self.language,
            [[other.title, other.url, str(other.published_on)] for other in self.see_also],
        ]
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item of a document that was not taken, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a parser read: stories in document order, and the items it could not take."""

    kind: str
    drafts: tuple[StoryDraft, ...]
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class TagSpan:
    """A tag on a story from `added_at` until `removed_at` (None: still there).

    `position` is its place in the kicker; None for a topic.
    """

    slug: str
    added_at: datetime
    removed_at: datetime | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A story in the store, at one revision.

    `kicker` and `topics` hold slugs: the kicker in printed order, the topics sorted.
    `eligible_at` is the latest of published, embargo end and ingested.
    """

    id: int
    uid: str
    revision: int
    title: str
    url: str
    summary: str
    byline: str
    dateline: str
    language: str
    published_at: datetime
    eligible_at: datetime
    urgent: bool = False
    retracted: bool = False
    kicker: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    body_html: str = ""
    see_also: tuple[SeeAlso, ...] = ()
    embargo_until_at: datetime | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """All slugs, kicker order first."""
        return self.kicker + self.topics
