"""Notices: mails of their own occasion, outside any run, in the same ledger as digests.

Each occasion names the folder of its templates and has its rule. What a template is told is plain
data; a link is kept as what it is for, and signed when the mail is built, so that the ledger holds
no secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from mailer.core.readers import MailFormat, Newsletter
from mailer.core.tokens import Purpose

Word = str | int | tuple[str, ...]


class Occasion(StrEnum):
    """Why a notice is written; also the folder of its templates."""

    CONFIRMATION = "confirmation"
    WELCOME = "welcome"
    PREFERENCES_LINK = "preferences-link"
    ADDRESS_CONFIRMATION = "address-confirmation"
    ADDRESS_CHANGED = "address-changed"
    EXPORT = "export"
    CORRECTION = "correction"
    RETRACTION = "retraction"
    STORY_FROM_FRIEND = "story-from-friend"
    TAGS_CHANGED = "tags-changed"
    QUIET_FOLLOW = "quiet-follow"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for all notices of an occasion.

    `life` is how long it may be tried. Those `awaited` go out once more when they are in doubt.
    Those `to_anybody` also reach readers who have not confirmed. Those `listed`
    belong to a subscription: they carry its List-Id and can be unsubscribed from.
    """

    life: timedelta
    awaited: bool = False
    to_anybody: bool = False
    listed: bool = False


_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
RULES: Mapping[Occasion, Rule] = {
    # Its link works for seven days: late by two leaves her five.
    Occasion.CONFIRMATION: Rule(2 * _DAY, awaited=True, to_anybody=True),
    Occasion.WELCOME: Rule(2 * _DAY),
    # Its link works for half an hour: later it would lead nowhere.
    Occasion.PREFERENCES_LINK: Rule(30 * _MINUTE, awaited=True, to_anybody=True),
    Occasion.ADDRESS_CONFIRMATION: Rule(_DAY, awaited=True, to_anybody=True),
    Occasion.ADDRESS_CHANGED: Rule(4 * _DAY, to_anybody=True),
    Occasion.EXPORT: Rule(_DAY, awaited=True, to_anybody=True),
    Occasion.CORRECTION: Rule(4 * _DAY, listed=True),
    Occasion.RETRACTION: Rule(4 * _DAY, listed=True),
    Occasion.STORY_FROM_FRIEND: Rule(_DAY, to_anybody=True),
    Occasion.TAGS_CHANGED: Rule(4 * _DAY, listed=True),
    Occasion.QUIET_FOLLOW: Rule(4 * _DAY, listed=True),
    Occasion.LETTER: Rule(4 * _DAY, listed=True),
}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a notice leads: a page of ours signed for a purpose, a public path, or an address."""

    purpose: Purpose | None = None
    parts: tuple[int | str, ...] = ()
    path: str = ""
    url: str = ""

    @classmethod
    def signed(cls, purpose: Purpose, *parts: int | str) -> "Link":
        """A page whose address is the purpose and a token over the parts."""
        return cls(purpose=purpose, parts=parts)


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice tells its template: words and links, by the names the template has for them."""

    words: Mapping[str, Word]
    links: Mapping[str, Link]

    def to_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return {
            "words": {
                name: list(word) if isinstance(word, tuple) else word
                for name, word in self.words.items()
            },
            "links": {name: _link_json(link) for name, link in self.links.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Told":
        """Read it as `to_json` wrote it."""
        return cls(
            {
                name: tuple(word) if isinstance(word, list) else word
                for name, word in kept.get("words", {}).items()
            },
            {name: _read_link(link) for name, link in kept.get("links", {}).items()},
        )


def _link_json(link: Link) -> dict[str, Any]:
    if link.purpose is not None:
        return {"purpose": link.purpose.value, "parts": list(link.parts)}
    return {"path": link.path} if link.path else {"url": link.url}


def _read_link(kept: Mapping[str, Any]) -> Link:
    if "purpose" in kept:
        return Link.signed(Purpose(kept["purpose"]), *kept["parts"])
    return Link(path=kept.get("path", ""), url=kept.get("url", ""))


@dataclass(frozen=True, slots=True)
class Written:
    """What an operator wrote to many: a subject, and the text as plain lines and as HTML.

    `text` and `html` are what those see who gave a name; `marker` stands in both where the name
    goes. Whoever gave none sees the bare ones.
    """

    subject: str
    text: str
    html: str
    bare_text: str
    bare_html: str
    marker: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything one notice is made of, before a template sees it.

    Without a newsletter it comes from the site itself. `thread` are the Message-IDs it answers to,
    oldest first. Equal notices render to equal bytes (I6).
    """

    occasion: Occasion
    key: str
    message_id: str
    newsletter: Newsletter | None
    as_of: datetime
    reader_id: int | None
    subscription_id: int | None
    email: str
    name: str
    locale: str
    timezone: str
    format: MailFormat
    told: Told
    thread: tuple[str, ...] = ()
    # Of a letter: what an operator wrote, drawn.
    written: Written | None = None
