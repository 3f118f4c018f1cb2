"""The states of a delivery, the arrows between them, and what a delivery is called.

RELIABILITY section 1 is the specification:

    queued ─▶ claimed ─▶ transmitting ─▶ accepted | refused | queued (later) | in_doubt
    queued | claimed ─▶ withheld | cancelled     queued ─▶ expired
    claimed ─▶ queued | held (lease lost)
    in_doubt ─▶ accepted | refused | queued (a late answer is proof) | queued (resend) | held
    held ─▶ accepted | queued | cancelled (an operator decides)
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32

from mailer.core.readers import Cadence


class MailKind(StrEnum):
    """What a delivery is: a digest or an alert of a run, or a notice of its own occasion."""

    DIGEST = "digest"
    ALERT = "alert"
    NOTICE = "notice"


class DeliveryState(StrEnum):
    """Where a delivery stands. `accepted` means the server answered 250, never "delivered"."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    TRANSMITTING = "transmitting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHHELD = "withheld"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"
    HELD = "held"


_S = DeliveryState
ARROWS: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.CLAIMED, _S.CANCELLED, _S.EXPIRED, _S.WITHHELD}),
    _S.CLAIMED: frozenset({_S.QUEUED, _S.TRANSMITTING, _S.WITHHELD, _S.CANCELLED, _S.HELD}),
    _S.TRANSMITTING: frozenset({_S.ACCEPTED, _S.REFUSED, _S.QUEUED, _S.IN_DOUBT}),
    _S.IN_DOUBT: frozenset({_S.ACCEPTED, _S.REFUSED, _S.QUEUED, _S.HELD}),
    _S.HELD: frozenset({_S.ACCEPTED, _S.QUEUED, _S.CANCELLED}),
    _S.ACCEPTED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.WITHHELD: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}
TERMINAL = frozenset(state for state, targets in ARROWS.items() if not targets)
# The items of these were not given to the reader: another run may bring them.
NOT_GIVEN = frozenset({_S.REFUSED, _S.WITHHELD, _S.CANCELLED, _S.EXPIRED})

LEASE = timedelta(seconds=60)
_RETRY_AFTER = tuple(timedelta(minutes=m) for m in (5, 15, 30, 60, 120, 240, 480))
LONGEST_LIFE = timedelta(days=4)
# A digest is stale once the next one is due.
_NEXT_ISSUE = {
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=28),
    Cadence.INSTANT: LONGEST_LIFE,
    Cadence.LETTER: LONGEST_LIFE,
}
# Four days of the schedule above at its shortest are 21 attempts.
MOST_ATTEMPTS = 24
_RETRIED = re.compile(r"(?P<first>.*)/retry-(?P<number>\d+)", re.DOTALL)


class InDoubtPolicy(StrEnum):
    """What happens to digests that may or may not have been accepted."""

    HOLD = "hold"
    RESEND = "resend"


def life_of(cadence: Cadence) -> timedelta:
    """Return how long after planning a mail of this cadence may still be sent."""
    return min(LONGEST_LIFE, _NEXT_ISSUE[cadence])


def retry_delay(attempt_count: int, key: str) -> timedelta:
    """Return how long to wait after the given attempt (1 is the first), ±20 % by the key.

    The jitter comes from the key, not from chance, so that a plan can be computed twice. It is a
    checksum, not a sum: neighbours in a run must not all come back in the same second.
    """
    step = _RETRY_AFTER[min(attempt_count, len(_RETRY_AFTER)) - 1]
    spread = (crc32(key.encode()) % 4001 - 2000) / 10_000
    return step * (1 + spread)


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery in a worker's hands: what it needs to build and send it."""

    id: int
    # None for a notice.
    run_id: int | None
    key: str
    message_id: str
    email: str
    attempt_count: int
    expires_at: datetime


def digest_key(kind: str, slot_key: str, reader_id: int) -> str:
    """Name a delivery: unique in the ledger, the same whenever the same slot is planned."""
    return f"{kind}:{slot_key}:{reader_id}"


def retry_key(key: str) -> str:
    """Name the delivery that tries a refused one anew: "…/retry-1", then "…/retry-2"."""
    retried = _RETRIED.fullmatch(key)
    if retried is None:
        return f"{key}/retry-1"
    return f"{retried['first']}/retry-{int(retried['number']) + 1}"
