"""Outgoing webhooks: what happened is told to programs, signed as Standard Webhooks has it.

Source: standardwebhooks.com, the specification: `webhook-id`, `webhook-timestamp`,
`webhook-signature` ("v1," and HMAC-SHA256 over id, timestamp and body, in base64).
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

LONGEST_URL = 2000
# After these the next try comes; the spec asks for days, so that a weekend's outage loses nothing.
_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(_WAITS) + 1
# An old secret signs beside the new one for so long: receivers change theirs without a gap.
OLD_SECRET_LIFE = timedelta(hours=24)
# An address that has taken nothing for so long is told nothing more until somebody looks.
LONGEST_FAILURE = timedelta(days=5)
_PREFIX = "whsec_"


class EventKind(StrEnum):
    """What is told. `data` of each stands in docs/hooks.md."""

    READER_SUBSCRIBED = "reader.subscribed"
    READER_UNSUBSCRIBED = "reader.unsubscribed"
    DELIVERY_REFUSED = "delivery.refused"
    DELIVERY_BOUNCED = "delivery.bounced"
    DELIVERY_COMPLAINED = "delivery.complained"
    RUN_FINISHED = "run.finished"
    RUN_PAUSED = "run.paused"
    STORY_PUBLISHED = "story.published"
    STORY_CORRECTED = "story.corrected"
    STORY_RETRACTED = "story.retracted"
    TEST = "webhook.test"


CHOOSABLE = tuple(kind for kind in EventKind if kind is not EventKind.TEST)


class MessageState(StrEnum):
    """QUEUED is tried again when due; the others are the end. DROPPED: no longer true or wanted."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of some kinds of events.

    `rests_until_at` after a failure: nothing is sent there before. `disabled_at` when it was given
    up, with the reason. `old_secret` signs, too, until `old_secret_until_at`.
    """

    id: int
    url: str
    kinds: tuple[EventKind, ...]
    created_at: datetime
    secret: str = field(repr=False)
    old_secret: str = field(default="", repr=False)
    old_secret_until_at: datetime | None = None
    failing_since_at: datetime | None = None
    rests_until_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str = ""

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign now, the newest first."""
        until = self.old_secret_until_at
        is_old_good = bool(self.old_secret) and until is not None and now < until
        return (self.secret, self.old_secret) if is_old_good else (self.secret,)


def read_kinds(texts: Iterable[str]) -> tuple[EventKind, ...]:
    """Return the kinds a person wrote, commas or not, `*` for all; raises InputError."""
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    if not words or "*" in words:
        return CHOOSABLE
    for word in words:
        if word not in CHOOSABLE:
            known = ", ".join(CHOOSABLE)
            raise InputError(f"unknown event '{clean_header(word, 40)}': use {known}, or * for all")
    return tuple(kind for kind in CHOOSABLE if kind in words)


def read_webhook_url(text: str, *, https_only: bool) -> str:
    """Return an address to post to; raises InputError that says how to mend it."""
    text = text.strip()
    shown = clean_header(text, 200)
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise InputError(f"'{shown}' is no address: {error}") from error
    if url.scheme not in ("http", "https") or not host or not text.isascii() or " " in text:
        raise InputError(f"'{shown}' is no address to post to: use https://host/path")
    if https_only and url.scheme != "https":
        raise InputError(f"'{shown}' is refused: in production webhooks go to https:// only")
    if url.username or url.password or url.fragment:
        raise InputError("leave out name, password and '#': the signature proves who we are")
    if len(text) > LONGEST_URL:
        raise InputError(f"the address is too long: at most {LONGEST_URL} characters")
    return text


def secret_of(random: bytes) -> str:
    """Return a secret as receivers take it; `random` are 32 random bytes."""
    return _PREFIX + b64encode(random).decode()


def message_name(message_id: int, created_at: datetime) -> str:
    """Return the `webhook-id` of a message: the same at each try.

    With its moment, as a database that was restored counts its ids once more.
    """
    return f"msg_{message_id}_{int(created_at.timestamp())}"


def signed_headers(secrets: Iterable[str], name: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove a message, signed with each secret."""
    timestamp = str(int(now.timestamp()))
    signatures = (_signature(secret, name, timestamp, body) for secret in secrets)
    return {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def retry_wait(attempt_count: int, name: str) -> timedelta | None:
    """Return how long to wait after so many tries, None when it is time to give up.

    Up to a tenth longer, by the message's name, so that many do not come back at once.
    """
    if attempt_count >= MOST_ATTEMPTS:
        return None
    wait = _WAITS[max(attempt_count, 1) - 1]
    spread = hashlib.sha256(name.encode()).digest()[0] / 255 / 10
    return wait * (1 + spread)


def _signature(secret: str, name: str, timestamp: str, body: bytes) -> str:
    key = b64decode(secret.removeprefix(_PREFIX))
    signed = f"{name}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
