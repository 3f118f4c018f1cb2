"""Runs: one execution of a slot, its counts, and the hash of what it plans."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mailer.core.deliveries import TERMINAL, DeliveryState
from mailer.core.digests import Composition
from mailer.core.readers import Cadence, Follower

_MODULUS = 2**128


class RunState(StrEnum):
    """PLANNING writes the ledger, SENDING empties it; PAUSED and CANCELLED hand out no rows."""

    PLANNING = "planning"
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the store has it. `counts` says how many deliveries are in which state."""

    id: int
    slot_key: str
    newsletter: str
    cadence: Cadence
    zone: str
    as_of: datetime
    state: RunState
    state_reason: str
    created_at: datetime
    finished_at: datetime | None
    plan_hash: str
    shard_count: int
    planned_shard_count: int
    planned_count: int
    nothing_new_count: int
    dead_follow_count: int
    counts: Mapping[DeliveryState, int]

    @property
    def open_count(self) -> int:
        """Deliveries that can still move by themselves."""
        resting = TERMINAL | {DeliveryState.HELD, DeliveryState.IN_DOUBT}
        return sum(count for state, count in self.counts.items() if state not in resting)


def slot_key(newsletter: str, cadence: Cadence, as_of: datetime, zone: str = "") -> str:
    """Name a slot: the same newsletter, cadence, moment and zone is the same run (I4)."""
    moment = as_of.astimezone(UTC).isoformat(timespec="microseconds").replace(".000000", "")
    return f"{newsletter}/{cadence}/{moment}" + (f"/{zone}" if zone else "")


@dataclass(frozen=True, slots=True)
class PlannedMail:
    """One reader's part of a plan: what she would get and what she would not."""

    key: str
    follower: Follower
    composition: Composition
    dead_follow_ids: tuple[int, ...] = ()


def mail_hash(mail: PlannedMail) -> int:
    """Hash who gets which story at which revision, how shown and why; 0 when she gets nothing."""
    digest = mail.composition.digest
    if digest is None:
        return 0
    content = [
        mail.follower.reader.email,
        [
            [
                number,
                item.story.uid,
                item.story.revision,
                item.shown,
                [reason.expression for reason in item.reasons],
            ]
            for number, section in enumerate(digest.sections)
            for item in section.items
        ],
    ]
    packed = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return int.from_bytes(hashlib.sha256(packed).digest()[:16], "big")


def add_hashes(*hashes: int) -> int:
    """Combine hashes of mails or of parts of a plan; their order does not matter.

    Addition rather than a chain, so that shards planned by several workers add up to the hash of
    the dry run.
    """
    return sum(hashes) % _MODULUS


def hash_text(value: int) -> str:
    """Write a hash as 32 hex digits."""
    return f"{value:032x}"
