"""Steering a run: pause, resume, cancel; what is in transit is never touched."""

from datetime import timedelta

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.errors import InputError
from mailer.flows.recover import recover
from mailer.flows.steer_run import Steer
from mailer.store.database import Database
from mailer.store.ledger_lease import hold
from tests.builders import NOON
from tests.flows.ledger import LATER, NO, NOBODY_KNOWS, YES, open_ledger

S = DeliveryState
SOON = NOON + timedelta(minutes=1)


def test_a_paused_run_hands_out_nothing_and_says_why(database: Database) -> None:
    ledger = open_ledger(database)
    claimed = ledger.claim(limit=1)

    run = ledger.steer(Steer.PAUSE)

    assert (run.state, run.state_reason) == (RunState.PAUSED, "paused by an operator")
    assert claimed.mark() == []
    assert ledger.claim().rows == []
    assert ledger.broken() == {}


def test_a_pause_leaves_what_is_in_transit_to_be_settled(database: Database) -> None:
    ledger = open_ledger(database)
    marked = ledger.mark(limit=2)

    ledger.steer(Steer.PAUSE)
    marked.answer(YES, NO)

    assert ledger.states == [S.ACCEPTED, S.REFUSED, S.QUEUED]
    assert ledger.run.state is RunState.PAUSED


def test_what_a_pause_outlasts_expires_unsent(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.steer(Steer.PAUSE)

    recover(database, now=NOON + timedelta(days=1))

    assert ledger.states == [S.EXPIRED] * 3
    assert ledger.given == [False] * 3
    assert ledger.run.state is RunState.PAUSED
    assert ledger.broken(NOON + timedelta(days=1)) == {}


def test_pausing_again_keeps_the_first_reason(database: Database) -> None:
    ledger = open_ledger(database)

    ledger.steer(Steer.PAUSE, reason="the relay is down")
    run = ledger.steer(Steer.PAUSE)

    assert run.state_reason == "the relay is down"


def test_a_resumed_run_goes_on_where_it_stopped(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.send(YES)
    ledger.steer(Steer.PAUSE)

    run = ledger.steer(Steer.RESUME)

    assert (run.state, run.state_reason) == (RunState.SENDING, "")
    assert len(ledger.claim().rows) == 2
    assert ledger.steer(Steer.RESUME).state is RunState.SENDING


def test_a_resumed_run_with_unplanned_shards_is_planned_first(database: Database) -> None:
    ledger = open_ledger(database, planned=False)
    ledger.steer(Steer.PAUSE)

    assert ledger.steer(Steer.RESUME).state is RunState.PLANNING


def test_a_resumed_run_with_nothing_left_is_done(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    marked = ledger.mark()
    ledger.steer(Steer.PAUSE)
    marked.answer(YES)

    run = ledger.steer(Steer.RESUME, now=SOON)

    assert (run.state, run.finished_at) == (RunState.DONE, SOON)


def test_cancelling_ends_all_that_was_not_sent_and_takes_the_stories_back(
    database: Database,
) -> None:
    ledger = open_ledger(database, mails=5)
    ledger.send(YES)
    transmitting = ledger.mark(limit=1)
    claimed = ledger.claim(limit=2)
    with database.write() as connection:
        hold(connection, claimed.rows[0].id, claimed.token, NOON, "cannot be built")

    run = ledger.steer(Steer.CANCEL, now=SOON)

    assert run.state is RunState.CANCELLED
    assert run.finished_at == SOON
    assert ledger.states == [S.ACCEPTED, S.TRANSMITTING, S.CANCELLED, S.CANCELLED, S.CANCELLED]
    assert ledger.given == [True, True, False, False, False]
    assert run.planned_count == sum(run.counts.values()) == 5
    assert claimed.mark() == []
    transmitting.answer(YES)
    assert ledger.states[1] is S.ACCEPTED
    assert ledger.broken() == {}
    assert ledger.steer(Steer.CANCEL).counts == ledger.run.counts


def test_what_a_cancelled_run_gets_back_is_cancelled_by_the_next_recovery(
    database: Database,
) -> None:
    ledger = open_ledger(database, mails=1)
    transmitting = ledger.mark()
    ledger.steer(Steer.CANCEL)
    transmitting.answer(LATER)

    recover(database, now=SOON)

    assert ledger.states == [S.CANCELLED]
    assert ledger.given == [False]
    assert ledger.broken() == {}


def test_a_doubt_outlives_the_cancelling_of_its_run(database: Database) -> None:
    ledger = open_ledger(database, mails=3)
    ledger.send(NOBODY_KNOWS, NOBODY_KNOWS)
    ledger.execute("UPDATE deliveries SET state = 'held' WHERE id = 2")

    ledger.steer(Steer.CANCEL)

    assert ledger.states == [S.IN_DOUBT, S.HELD, S.CANCELLED]
    assert ledger.given == [True, True, False]


@pytest.mark.parametrize(
    ("state", "action", "message"),
    [
        (RunState.DONE, Steer.PAUSE, "run 1 is done and cannot pause: it can retry"),
        (RunState.DONE, Steer.CANCEL, "run 1 is done and cannot cancel: it can retry"),
        (RunState.DONE, Steer.RESUME, "run 1 is done and cannot resume: it can retry"),
        (RunState.PAUSED, Steer.RETRY, "is paused and cannot retry: it can resume or cancel"),
        (RunState.PLANNING, Steer.RETRY, "is planning and cannot retry: it can pause or cancel"),
        (RunState.CANCELLED, Steer.RESUME, "cancelled and cannot resume: nothing can be done"),
        (RunState.SKIPPED, Steer.PAUSE, "skipped and cannot pause: nothing can be done to it"),
    ],
)
def test_what_a_state_does_not_allow_is_told_with_what_it_allows(
    database: Database, state: RunState, action: Steer, message: str
) -> None:
    ledger = open_ledger(database)
    ledger.execute(f"UPDATE runs SET state = '{state}'")

    with pytest.raises(InputError, match=message):
        ledger.steer(action)

    assert ledger.run.state is state
    assert set(ledger.states) == {S.QUEUED}
