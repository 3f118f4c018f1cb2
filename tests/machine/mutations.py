"""One fault for each promise, as somebody could write it: the machine must notice every one."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import false, update

from mailer.core.deliveries import DeliveryState, InDoubtPolicy
from mailer.core.runs import PlannedMail, mail_hash
from mailer.flows import write_letters
from mailer.flows.settle_doubts import settle_doubts
from mailer.render.printing import Printing
from mailer.store.followers import Asking, _follow
from mailer.store.ledger_lease import reap
from mailer.store.ledger_tables import deliveries

_numbers = itertools.count()


def _nothing_given(*_: object) -> Mapping[int, object]:
    """Forget what readers have had."""
    return {}


def _since_yesterday(row: Any, asking: Asking) -> Any:
    """Look back a day instead of to the reader's cursor."""
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


def _a_hash_of_chance(mail: PlannedMail) -> int:
    """Hash what is planned together with what nobody planned."""
    return mail_hash(mail) + next(_numbers)


_letters_of_rows = write_letters.letters_of_rows


def _another_name_at_a_retry(connection: Any, rows: Any, *arguments: Any) -> Any:
    """Give a message that was deferred an id of its own."""
    return [
        replace(letter, message_id=letter.message_id.replace("<", "<again."))
        if row.reply_code
        else letter
        for letter, row in zip(_letters_of_rows(connection, rows, *arguments), rows, strict=True)
    ]


def _always_new(_draft: object) -> str:
    """Take each document for a new version."""
    return f"{next(_numbers):064d}"


def _the_dead_sent_nothing(connection: Any, now: Any) -> tuple[int, int]:
    """Queue again what a dead worker was sending, as if nothing of it could have left."""
    done = reap(connection, now)
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state == DeliveryState.IN_DOUBT.value, deliveries.c.reply_code.is_(None)
        )
        .values(state=DeliveryState.QUEUED.value, settled_at=None)
    )
    return done


def _resend_all(database: Any, *, policy: InDoubtPolicy, now: Any) -> Any:
    """Send again whatever is in doubt, whatever the policy."""
    return settle_doubts(database, policy=InDoubtPolicy.RESEND, now=now)


_print = Printing.print


def _print_otherwise(self: Any, *arguments: Any) -> Any:
    """Compile an edition that says something else."""
    return [
        replace(one, content=one.content.replace(b"Headline", b"Headlime"))
        for one in _print(self, *arguments)
    ]


# The promise, the fault in words, where it is put, and the fault.
MUTATIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "I1 readers get what they had": ("mailer.flows.composer.given_stories", _nothing_given),
    "I1 the dead sent nothing": ("mailer.flows.recover.reap", _the_dead_sent_nothing),
    "I1 doubts are sent again": ("mailer.flows.recover.settle_doubts", _resend_all),
    "I2 a window of a day": ("mailer.store.followers._follow", _since_yesterday),
    "I3 only a bell finds work": ("mailer.flows.drain_ledger.unfinished_runs", _only_bells),
    "I4 a slot for each look": ("mailer.flows.open_due_runs.slot_identity", _slot_of_this_look),
    "I5 consent of yesterday": ("mailer.store.ledger_lease.lost_consent", _everybody_consents),
    "I6 a plan of chance": ("mailer.flows.plan_run.mail_hash", _a_hash_of_chance),
    "I6 another name at a retry": (
        "mailer.flows.write_letters.letters_of_rows",
        _another_name_at_a_retry,
    ),
    "I7 another text": ("mailer.render.printing.Printing.print", _print_otherwise),
    "I8 again is a change": ("mailer.core.stories.StoryDraft.content_hash", _always_new),
}
