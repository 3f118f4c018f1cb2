"""One fault for each promise, as somebody could write it: the machine must notice every one."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import false

from mailer.core.deliveries import InDoubtPolicy
from mailer.flows.settle_doubts import settle_doubts
from mailer.render.printing import Printing
from mailer.store.followers import Asking, _follow

_numbers = itertools.count()


def _nothing_given(*_: object) -> Mapping[int, object]:
    """Forget what readers have had."""
    return {}


def _since_yesterday(row: Any, asking: Asking) -> Any:
    """Look back a day instead of to the reader's cursor."""
    from dataclasses import replace
    from datetime import timedelta

    follow = _follow(row, asking)
    return replace(follow, cursor_at=max(follow.cursor_at, asking.as_of - timedelta(hours=24)))


def _only_bells(*_: object) -> list[object]:
    """Look for no work: whoever rang must say which."""
    return []


def _slot_of_this_look(schedule_id: int, slot: Any) -> str:
    """Name a slot by who looked."""
    return f"schedule/{schedule_id}/{slot.nominal}/{next(_numbers)}"


def _everybody_consents(_now: object) -> list[tuple[object, str]]:
    """Believe the plan: do not look again before sending."""
    return [(false(), "never")]


def _a_key_of_chance(kind: str, slot: str, reader_id: int) -> str:
    """Name a delivery by chance."""
    return f"{kind}:{slot}:{reader_id}:{next(_numbers)}"


def _always_new(_draft: object) -> str:
    """Take each document for a new version."""
    return f"{next(_numbers):064d}"


def _resend_all(database: Any, *, policy: InDoubtPolicy, now: Any) -> Any:
    """Send again whatever is in doubt, whatever the policy."""
    return settle_doubts(database, policy=InDoubtPolicy.RESEND, now=now)


_print = Printing.print


def _print_otherwise(self: Any, *arguments: Any) -> Any:
    """Compile an edition that says something else."""
    from dataclasses import replace

    return [
        replace(one, content=one.content.replace(b"Headline", b"Headlime"))
        for one in _print(self, *arguments)
    ]


# Promise and fault, where it is put, and whether it shows within the short run.
MUTATIONS: dict[str, tuple[str, Callable[..., Any], bool]] = {
    "I1 readers get what they had": ("mailer.flows.composer.given_stories", _nothing_given, False),
    "I1 doubts are sent again": ("mailer.flows.recover.settle_doubts", _resend_all, False),
    "I2 a window of a day": ("mailer.store.followers._follow", _since_yesterday, True),
    "I3 only a bell finds work": ("mailer.flows.drain_ledger.unfinished_runs", _only_bells, True),
    "I4 a slot for each look": (
        "mailer.flows.open_due_runs.slot_identity",
        _slot_of_this_look,
        False,
    ),
    "I5 consent of yesterday": (
        "mailer.store.ledger_lease.lost_consent",
        _everybody_consents,
        False,
    ),
    "I6 a plan of chance": ("mailer.flows.composer.digest_key", _a_key_of_chance, False),
    "I7 another text": ("mailer.render.printing.Printing.print", _print_otherwise, True),
    "I8 again is a change": ("mailer.core.stories.StoryDraft.content_hash", _always_new, True),
}
