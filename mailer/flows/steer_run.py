"""Steer a run: an operator pauses, resumes, cancels or retries it."""

from datetime import datetime
from enum import StrEnum

from mailer.core.deliveries import life_of
from mailer.core.runs import Run, RunState
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.plan_retries import plan_retries
from mailer.ports import Throttle
from mailer.store.database import Database
from mailer.store.ledger_steering import cancel_rows, queue_held
from mailer.store.run_health import forget_judgements
from mailer.store.run_shards import has_unplanned_shards
from mailer.store.runs import find_run, finish_run, move_run
from mailer.store.webhook_facts import tell_run

_BATCH = 1000  # Rows in one transaction: SQLite has one writer, who must not keep the others.
_PLANNING, _SENDING = RunState.PLANNING, RunState.SENDING


class Steer(StrEnum):
    """What an operator can do to a run."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


_POSSIBLE: dict[RunState, frozenset[Steer]] = {
    RunState.PLANNING: frozenset({Steer.PAUSE, Steer.CANCEL}),
    RunState.SENDING: frozenset({Steer.PAUSE, Steer.CANCEL, Steer.RETRY}),
    RunState.PAUSED: frozenset({Steer.RESUME, Steer.CANCEL}),
    RunState.DONE: frozenset({Steer.RETRY}),
    RunState.CANCELLED: frozenset(),
    RunState.SKIPPED: frozenset(),
}
# Where a run stands once it was steered: asking again is no mistake, and no change.
_AFTER: dict[Steer, frozenset[RunState]] = {
    Steer.PAUSE: frozenset({RunState.PAUSED}),
    Steer.RESUME: frozenset({_PLANNING, _SENDING}),
    Steer.CANCEL: frozenset({RunState.CANCELLED}),
    Steer.RETRY: frozenset(),
}


def steer_run(
    database: Database,
    run_id: int,
    action: Steer,
    *,
    now: datetime,
    signer: Signer,
    throttle: Throttle,
    reason: str = "",
) -> Run:
    """Do it and return the run; again changes nothing.

    What is being transmitted is never touched: it is settled by its worker. Whoever resumes says
    that the fault is mended: relays that are left alone are tried at once. Raises NotFoundError,
    and InputError that says in which state the run is and what is possible.
    """
    with database.read() as connection:
        run = find_run(connection, run_id)
    if run.state not in _AFTER[action] and action not in _POSSIBLE[run.state]:
        raise _impossible(run, action)
    match action:
        case Steer.PAUSE:
            _pause(database, run, reason or "paused by an operator", now)
        case Steer.RESUME:
            _resume(database, run, now)
            throttle.reopen(now=now)
        case Steer.CANCEL:
            _cancel(database, run, reason or "cancelled by an operator", now)
        case Steer.RETRY:
            _retry(database, run, now, signer)
    with database.read() as connection:
        steered = find_run(connection, run_id)
    reached = _AFTER[action] | ({RunState.DONE} if action is Steer.RESUME else set())
    if reached and steered.state not in reached:
        # It moved on by itself between our look and our word.
        raise _impossible(steered, action)
    return steered


def _impossible(run: Run, action: Steer) -> InputError:
    possible = [steer.value for steer in Steer if steer in _POSSIBLE[run.state]]
    words = " or ".join(possible)
    return InputError(
        f"run {run.id} is {run.state} and cannot {action}: "
        + (f"it can {words}" if words else "nothing can be done to it any more")
    )


def _pause(database: Database, run: Run, reason: str, now: datetime) -> None:
    with database.write() as connection:
        going = [_PLANNING, _SENDING]
        if move_run(connection, run.id, to=RunState.PAUSED, of=going, reason=reason):
            tell_run(connection, run.id, RunState.PAUSED, now)


def _resume(database: Database, run: Run, now: datetime) -> None:
    """Go on where the run stopped; an operator has looked, so its health is measured afresh."""
    with database.write() as connection:
        to = _PLANNING if has_unplanned_shards(connection, run.id) else _SENDING
        if move_run(connection, run.id, to=to, of=[RunState.PAUSED]):
            forget_judgements(connection, run.id)
            finish_run(connection, run.id, now)


def _cancel(database: Database, run: Run, reason: str, now: datetime) -> None:
    """End the run first, so that nothing more is claimed; then its rows, some at a time."""
    with database.write() as connection:
        move_run(
            connection,
            run.id,
            to=RunState.CANCELLED,
            of=[_PLANNING, _SENDING, RunState.PAUSED],
            reason=reason,
            finished_at=now,
        )
    moved = _BATCH
    while moved == _BATCH:
        with database.write() as connection:
            moved = cancel_rows(connection, now, limit=_BATCH, run_id=run.id)


def _retry(database: Database, run: Run, now: datetime, signer: Signer) -> None:
    with database.write() as connection:
        forget_judgements(connection, run.id)
    plan_retries(database, run.id, now=now, signer=signer)
    until = now + life_of(run.cadence)
    moved = _BATCH
    while moved == _BATCH:
        with database.write() as connection:
            moved = queue_held(connection, run.id, now, until, limit=_BATCH)
