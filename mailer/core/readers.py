"""Readers and their preferences: subscriptions, follows with a cadence each, mutes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mailer.core.clocks import QuietHours


class Cadence(StrEnum):
    """How often a follow is answered.

    LETTER answers none: a run of it sends what an operator wrote, once (core.adhoc_letters).
    """

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LETTER = "letter"

    @property
    def kind(self) -> str:
        """What a run of this cadence composes: an alert or a digest."""
        return "alert" if self is Cadence.INSTANT else "digest"


# What a follow can have, a newsletter offer and a schedule name.
OF_FOLLOWS: Final = tuple(cadence for cadence in Cadence if cadence is not Cadence.LETTER)


class ReaderState(StrEnum):
    """PENDING until the reader confirmed; ERASED keeps the row, without personal data."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ERASED = "erased"


class MailFormat(StrEnum):
    """HTML with a text part, or the text part alone."""

    HTML = "html"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Newsletter:
    """What a reader subscribes to."""

    id: int
    slug: str
    name: str
    description: str
    sender_name: str
    sender_address: str
    reply_to: str
    template: str
    locales: tuple[str, ...]
    cadences: tuple[Cadence, ...]
    base_expression: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A person with an address.

    `email_key` is equal for all spellings of one address (core.addresses). `hour` is her own
    local hour for digests, None: the schedule's. In her `quiet` hours no alert is sent.
    """

    id: int
    email: str
    email_key: str
    name: str
    state: ReaderState
    locale: str
    timezone: str
    hour: int | None
    format: MailFormat
    paused_until_at: datetime | None = None
    created_at: datetime | None = None
    quiet: QuietHours | None = None

    def is_paused(self, now: datetime) -> bool:
        """Say whether nothing but transactional mail may go out at `now`."""
        return self.paused_until_at is not None and now < self.paused_until_at


@dataclass(frozen=True, slots=True)
class Follow:
    """One tag expression of a subscription.

    `cursor_at` is where her next window starts: everything before it was answered by a run.
    """

    id: int
    expression: str
    cadence: Cadence
    cursor_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A follow somebody asks for: an expression as written, and a cadence."""

    expression: str
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Mute:
    """A tag expression whose stories the reader does not want, in any newsletter."""

    id: int
    expression: str


@dataclass(frozen=True, slots=True)
class Follower:
    """A reader as a run sees her: one subscription, its follows of the run's cadence, her mutes."""

    reader: Reader
    subscription_id: int
    follows: tuple[Follow, ...]
    mutes: tuple[Mute, ...] = ()
    suppressed: bool = False


def comes_back(follower: Follower, as_of: datetime) -> bool:
    """Say whether this is the first issue after her pause: a cursor stands before its end."""
    until = follower.reader.paused_until_at
    if until is None or until > as_of:
        return False
    return any(follow.cursor_at < until for follow in follower.follows)
