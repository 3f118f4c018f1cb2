"""Doubts: who gets a mail again that may have been accepted, and what never happens then."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from mailer.core.deliveries import DeliveryState, InDoubtPolicy
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.flows.recover import recover
from mailer.flows.settle_doubts import settle_doubts
from mailer.flows.steer_run import Steer
from mailer.store.database import Database
from mailer.store.ledger_reading import doubtful_deliveries
from tests.builders import NOON
from tests.flows.ledger import LATER, NO, NOBODY_KNOWS, YES, Ledger, open_ledger

S = DeliveryState
HOLD, RESEND = InDoubtPolicy.HOLD, InDoubtPolicy.RESEND
MINUTE = timedelta(minutes=1)


def doubtful(database: Database, *, cadence: Cadence = Cadence.DAILY) -> Ledger:
    """A run whose only mail is in doubt, and which is done for all it knows."""
    ledger = open_ledger(database, mails=1, cadence=cadence)
    ledger.send(NOBODY_KNOWS)
    with database.write() as connection:
        connection.execute(text("UPDATE runs SET state = 'done'"))
    return ledger


def test_a_digest_in_doubt_waits_for_an_operator(database: Database) -> None:
    ledger = doubtful(database)

    settled = settle_doubts(database, policy=HOLD, now=NOON + MINUTE)

    assert (settled.resent_count, settled.held_count, settled.doubtful_count) == (0, 0, 1)
    assert (ledger.states, ledger.run.state) == ([S.IN_DOUBT], RunState.DONE)
    with database.read() as connection:
        assert [row.reply for row in doubtful_deliveries(connection)] == [NOBODY_KNOWS.reply]


def test_a_digest_is_resent_after_five_minutes_with_its_message_id(database: Database) -> None:
    ledger = doubtful(database)
    [before] = ledger.rows

    settle_doubts(database, policy=RESEND, now=NOON)

    [row] = ledger.rows
    assert (row.state, row.message_id, row.resend_count) == (S.QUEUED, before.message_id, 1)
    assert ledger.run.state is RunState.SENDING
    assert ledger.claim(now=NOON + 4 * MINUTE).rows == []
    ledger.send(YES, now=NOON + 5 * MINUTE)
    assert ledger.states == [S.ACCEPTED]
    assert ledger.broken(NOON + 5 * MINUTE) == {}


def test_a_digest_is_resent_twice_and_then_held(database: Database) -> None:
    ledger = doubtful(database)
    for resend in (1, 2):
        settle_doubts(database, policy=RESEND, now=NOON + resend * 10 * MINUTE)
        ledger.send(NOBODY_KNOWS, now=NOON + (resend * 10 + 5) * MINUTE)

    settled = settle_doubts(database, policy=RESEND, now=NOON + 30 * MINUTE)

    assert (settled.resent_count, settled.held_count, settled.doubtful_count) == (0, 1, 1)
    assert ledger.states == [S.HELD]
    assert ledger.given == [True]
    assert ledger.broken(NOON + 30 * MINUTE) == {}


@pytest.mark.parametrize("policy", [HOLD, RESEND])
def test_an_alert_is_resent_once_whatever_the_policy(
    database: Database, policy: InDoubtPolicy
) -> None:
    ledger = doubtful(database, cadence=Cadence.INSTANT)
    settle_doubts(database, policy=policy, now=NOON + MINUTE)
    ledger.send(NOBODY_KNOWS, now=NOON + MINUTE)

    settled = settle_doubts(database, policy=policy, now=NOON + 2 * MINUTE)

    assert (settled.resent_count, settled.held_count) == (0, 1)
    assert ledger.states == [S.HELD]


def test_a_digest_whose_time_is_over_is_held_instead(database: Database) -> None:
    ledger = doubtful(database)

    settle_doubts(database, policy=RESEND, now=NOON + timedelta(days=2))

    assert ledger.states == [S.HELD]


def test_a_cancelled_run_resends_nothing(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NOBODY_KNOWS)
    ledger.steer(Steer.CANCEL)

    settle_doubts(database, policy=RESEND, now=NOON)

    assert ledger.states == [S.IN_DOUBT]


def test_recovery_follows_the_policy(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.mark()

    recovered = recover(database, now=NOON + 2 * MINUTE, policy=RESEND)

    assert recovered.in_doubt_count == 1
    assert recovered.doubts.resent_count == 1
    assert recovered.unfinished_run_ids == (ledger.room.run_id,)
    assert ledger.states == [S.QUEUED]


def test_stories_she_may_have_are_given_to_her_by_no_other_mail(database: Database) -> None:
    ledger = doubtful(database)
    settle_doubts(database, policy=RESEND, now=NOON)
    ledger.execute("UPDATE subscriptions SET ended_at = started_at")

    ledger.claim(now=NOON + 5 * MINUTE).mark(NOON + 5 * MINUTE)

    assert ledger.states == [S.WITHHELD]
    assert ledger.given == [True]
    assert "stories follow their mail" not in ledger.broken(NOON)


def test_a_resent_mail_that_expires_keeps_its_stories(database: Database) -> None:
    ledger = doubtful(database)
    settle_doubts(database, policy=RESEND, now=NOON)

    assert ledger.claim(now=NOON + timedelta(days=3)).rows == []

    assert ledger.states == [S.EXPIRED]
    assert ledger.given == [True]


@pytest.mark.parametrize(
    ("answer", "state"), [(YES, S.ACCEPTED), (NO, S.REFUSED), (LATER, S.QUEUED)]
)
def test_a_late_answer_ends_the_doubt(database: Database, answer: object, state: S) -> None:
    ledger = open_ledger(database, mails=1)
    sending = ledger.mark()
    recover(database, now=NOON + 2 * MINUTE)
    assert (ledger.states, ledger.run.state) == ([S.IN_DOUBT], RunState.DONE)

    sending.answer(answer, now=NOON + 3 * MINUTE)  # type: ignore[arg-type]

    assert ledger.states == [state]
    assert ledger.run.state is (RunState.SENDING if state is S.QUEUED else RunState.DONE)
    assert ledger.broken(NOON + 3 * MINUTE) == {}


def test_a_late_answer_comes_too_late_once_the_mail_is_on_its_way_again(
    database: Database,
) -> None:
    ledger = open_ledger(database, mails=1)
    sending = ledger.mark()
    recover(database, now=NOON + 2 * MINUTE, policy=RESEND)

    settled = sending.answer(YES, now=NOON + 3 * MINUTE)

    assert settled.states == {}
    assert ledger.states == [S.QUEUED]
    assert ledger.broken(NOON + 3 * MINUTE) == {}


def test_a_late_word_of_not_knowing_adds_nothing(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    sending = ledger.mark()
    recover(database, now=NOON + 2 * MINUTE)

    sending.answer(NOBODY_KNOWS, now=NOON + 3 * MINUTE)

    assert [event.event for event in ledger.events(1)] == ["marked", "in doubt"]
