"""Settle a window: what the outside world answered, into the ledger, in one transaction."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailer.core.deliveries import DeliveryState, LeasedDelivery, retry_delay
from mailer.core.hygiene import clean_header
from mailer.core.runs import RunState
from mailer.errors import ServiceAway
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Outcome, Refused
from mailer.store.database import Connection, Database
from mailer.store.ledger_events import IN_DOUBT
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.readers import suppress
from mailer.store.run_health import record_judgements
from mailer.store.runs import move_run, reopen_runs
from mailer.store.webhook_facts import tell_run

_LONGEST_REPLY = 500
_UNJUDGED_WAIT = timedelta(seconds=30)
_LONGEST_WAIT_SECONDS = 86_400.0  # What a server asks for beyond a day is a slip of its own.
# A database that restarts is back within these; what was accepted must not become a doubt.
_PATIENCE_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 15.0)


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was handed over, and what came back."""

    row: LeasedDelivery
    email_key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """States by delivery id; the relay's words when the fault is ours; runs that were paused."""

    states: Mapping[int, DeliveryState]
    halted: str
    paused: Mapping[int, str]


def settle_window(
    database: Database,
    window: Sequence[Sent],
    token: str,
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> Settled:
    """Record outcomes; again changes nothing, since a settled row is no longer under the token.

    Pauses runs whose mails meet a fault of ours or too many refusals. Raises ServiceAway when the
    database stays away for half a minute: these rows are then in doubt.
    """
    for seconds in _PATIENCE_SECONDS:
        try:
            return _settle(database, window, token, clock())
        except ServiceAway:
            sleep(seconds)
    return _settle(database, window, token, clock())


def _settle(database: Database, window: Sequence[Sent], token: str, now: datetime) -> Settled:
    alone = _refused_alone(window)
    window = [_postponed(one) if one.row.id in alone else one for one in window]
    with database.write() as connection:
        # Readers before deliveries before runs, as everywhere: nobody waits in a circle.
        for one in sorted(window, key=lambda one: one.email_key):
            if isinstance(one.outcome, Refused) and one.outcome.suppress:
                reply = one.outcome.reply
                suppress(connection, one.email_key, "refused by the server", reply, now)
        settlements = [_settlement(one.row, one.outcome, now) for one in window]
        settled = set(settle(connection, settlements, token, now))
        states = {
            item.delivery_id: item.state for item in settlements if item.delivery_id in settled
        }
        mine = [one for one in window if one.row.id in settled]
        waiting = {
            one.row.run_id
            for one in mine
            if one.row.run_id is not None and states[one.row.id] is DeliveryState.QUEUED
        }
        if waiting:
            reopen_runs(connection, waiting)
        halted = ""
        reasons: dict[int, str] = {}
        for one in window:
            if isinstance(one.outcome, Misconfigured):
                halted = halted or one.outcome.reply
                ours = f"the fault is ours: {_words(one.outcome.code, one.outcome.reply)}"
                if one.row.run_id is not None:
                    reasons.setdefault(one.row.run_id, ours)
        for run_id, complaint in _complaints(connection, mine, alone):
            reasons.setdefault(run_id, complaint)
        going = [RunState.SENDING, RunState.PLANNING]
        paused = {
            run_id: reason
            for run_id, reason in reasons.items()
            if move_run(connection, run_id, to=RunState.PAUSED, of=going, reason=reason)
        }
        for run_id in paused:
            tell_run(connection, run_id, RunState.PAUSED, now)
    return Settled(states, halted, paused)


def _refused_alone(window: Sequence[Sent]) -> set[int]:
    """Return the mails blamed on us behind which the relay took others of the same run.

    Then it is this mail or its reader: some mailboxes take no mail from outside, and say 5.7.1.
    One of them must not pause a run as often as somebody resumes it.
    """
    alone = set()
    later: set[int | None] = set()
    for one in reversed(window):
        if isinstance(one.outcome, Accepted):
            later.add(one.row.run_id)
        elif isinstance(one.outcome, Misconfigured) and one.row.run_id in later:
            alone.add(one.row.id)
    return alone


def _postponed(one: Sent) -> Sent:
    """Return a mail that was refused alone as one to try again, on the schedule of retries."""
    code = one.outcome.code if isinstance(one.outcome, Misconfigured) else 0
    return replace(one, outcome=Deferred(code, one.outcome.reply))


def _complaints(
    connection: Connection, settled: Sequence[Sent], alone: Collection[int]
) -> list[tuple[int, str]]:
    """Tell each run's health what was judged, in the order of the window."""
    judged: dict[int, list[str | None]] = {}
    for one in settled:
        run_id = one.row.run_id
        if run_id is None:
            # A notice says nothing about any run.
            continue
        match one.outcome:
            case Accepted():
                judged.setdefault(run_id, []).append(None)
            case Refused(code, reply):
                judged.setdefault(run_id, []).append(_words(code, reply))
            case Deferred(code, reply) if one.row.id in alone:
                judged.setdefault(run_id, []).append(_words(code, reply))
    complaints = [
        (run_id, record_judgements(connection, run_id, refusals))
        for run_id, refusals in sorted(judged.items())
    ]
    return [(run_id, complaint) for run_id, complaint in complaints if complaint]


def _words(code: int, reply: str) -> str:
    """Quote an answer; without its code when no server said it."""
    return clean_header(f"{code} {reply}" if code else reply, _LONGEST_REPLY)


def _settlement(row: LeasedDelivery, outcome: Outcome, now: datetime) -> Settlement:
    # A backend of somebody else's may hand on what a server said as it came.
    reply = clean_header(outcome.reply, _LONGEST_REPLY)
    match outcome:
        case Accepted(code):
            return Settlement(row.id, DeliveryState.ACCEPTED, "accepted", code, reply)
        case Refused(code):
            return Settlement(row.id, DeliveryState.REFUSED, "refused", code, reply)
        case InDoubt():
            return Settlement(row.id, DeliveryState.IN_DOUBT, IN_DOUBT, None, reply)
        case Misconfigured(code):
            # A run is paused, so its mails wait for an operator; a notice waits for time alone.
            later = now if row.run_id is not None else now + _UNJUDGED_WAIT
            return Settlement(
                row.id, DeliveryState.QUEUED, "halted", code, reply, later, counts=False
            )
        case Deferred(code, counts=counts, wait_seconds=asked):
            wait = retry_delay(row.attempt_count + 1, row.key) if counts else _UNJUDGED_WAIT
            wait = max(wait, timedelta(seconds=min(asked or 0.0, _LONGEST_WAIT_SECONDS)))
            return Settlement(
                row.id, DeliveryState.QUEUED, "deferred", code, reply, now + wait, counts
            )
