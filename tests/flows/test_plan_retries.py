"""Retrying a run: refused mail is planned anew under a new key, held mail is queued again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.flows.recover import recover
from mailer.flows.steer_run import Steer
from mailer.store.database import Database
from mailer.store.ledger_lease import hold, reap
from mailer.store.ledger_plan import add_planned
from mailer.store.ledger_tables import deliveries
from mailer.store.readers import suppress
from tests.builders import NOON
from tests.flows.ledger import NO, NOBODY_KNOWS, YES, Ledger, keys, open_ledger
from tests.store.rows import add_sending_run, new_delivery

S = DeliveryState
SOON = NOON + timedelta(minutes=1)
LATE = NOON + timedelta(days=3)


def done(ledger: Ledger) -> None:
    recover(ledger.database, now=NOON)
    assert ledger.run.state is RunState.DONE


def test_a_refused_mail_is_planned_anew_and_the_old_row_stays(database: Database) -> None:
    ledger = open_ledger(database, mails=2)
    ledger.send(YES, NO)
    done(ledger)
    plan_hash = ledger.run.plan_hash

    run = ledger.steer(Steer.RETRY, now=SOON)

    assert (run.state, run.finished_at) == (RunState.SENDING, None)
    assert ledger.states == [S.ACCEPTED, S.REFUSED, S.QUEUED]
    assert ledger.given == [True, False, True]
    [_, old, new] = ledger.rows
    assert new.key == f"{old.key}/retry-1"
    assert new.message_id != old.message_id
    assert new.message_id.endswith("@news.example>")
    assert [item.uid for item in new.items] == [item.uid for item in old.items]
    assert new.expires_at == SOON + timedelta(days=1)
    assert run.planned_count == sum(run.counts.values()) == 3
    assert run.plan_hash == plan_hash
    assert ledger.broken() == {}


def test_retrying_twice_plans_once(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NO)
    ledger.steer(Steer.RETRY)

    run = ledger.steer(Steer.RETRY)

    assert run.counts == {S.REFUSED: 1, S.QUEUED: 1}
    assert run.shard_count == 2


def test_a_retry_that_was_refused_is_retried_under_the_next_key(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NO)
    ledger.steer(Steer.RETRY)
    ledger.send(NO)

    ledger.steer(Steer.RETRY)
    ledger.send(YES)

    [first, *_] = keys(database)
    assert keys(database) == [first, f"{first}/retry-1", f"{first}/retry-2"]
    assert ledger.states == [S.REFUSED, S.REFUSED, S.ACCEPTED]
    assert ledger.broken() == {}


def test_stories_given_meanwhile_are_left_out(database: Database) -> None:
    ledger = open_ledger(database, mails=2)
    ledger.send(NO, NO)
    room = ledger.room
    with database.write() as connection:
        other = add_sending_run(connection, room.newsletter_id, "other")
        mails = [
            new_delivery(room.subscribers[0], room.story_ids, "other:1"),
            new_delivery(room.subscribers[1], room.story_ids[:1], "other:2"),
        ]
        add_planned(connection, other, mails, NOON)

    ledger.steer(Steer.RETRY)

    [retried] = [row for row in ledger.rows if "/retry-" in row.key]
    assert retried.reader_id == room.subscribers[1].reader_id
    assert [item.uid for item in retried.items] == ["two"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions SET ended_at = started_at",
        "UPDATE readers SET state = 'pending'",
        "UPDATE readers SET paused_until_at = '2026-04-01 00:00:00+00:00'",
    ],
)
def test_readers_who_must_get_nothing_are_passed_over(database: Database, statement: str) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NO)
    done(ledger)
    ledger.execute(statement)

    assert ledger.steer(Steer.RETRY).state is RunState.DONE
    assert ledger.states == [S.REFUSED]


def test_a_suppressed_reader_can_be_retried_once_the_suppression_is_gone(
    database: Database,
) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NO)
    with database.write() as connection:
        key = connection.scalar(select(deliveries.c.email_key))
        suppress(connection, str(key), "bounced", "", NOON)
    ledger.steer(Steer.RETRY)
    assert ledger.states == [S.REFUSED]

    ledger.execute("UPDATE suppressions SET ended_at = started_at")
    ledger.steer(Steer.RETRY)

    assert ledger.states == [S.REFUSED, S.QUEUED]


def test_a_retry_goes_to_the_present_address(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NO)
    ledger.execute("UPDATE readers SET email = 'new@example.org', email_key = 'new@example.org'")

    ledger.steer(Steer.RETRY)
    ledger.send(YES)

    assert ledger.rows[1].email == "new@example.org"
    assert ledger.states == [S.REFUSED, S.ACCEPTED]


def test_held_mail_is_queued_again_with_time_to_be_sent(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    claimed = ledger.claim()
    with database.write() as connection:
        hold(connection, claimed.rows[0].id, claimed.token, NOON, "cannot be built")
    done(ledger)

    run = ledger.steer(Steer.RETRY, now=LATE)

    assert run.state is RunState.SENDING
    ledger.send(YES, now=LATE)
    assert ledger.states == [S.ACCEPTED]
    assert ledger.broken(LATE) == {}


def test_mail_that_lost_its_leases_gets_new_ones(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    for minute in range(3):
        ledger.claim(now=NOON + timedelta(minutes=2 * minute))
        with database.write() as connection:
            reap(connection, NOON + timedelta(minutes=2 * minute + 1))
    assert ledger.states == [S.HELD]

    ledger.steer(Steer.RETRY, now=LATE)
    ledger.claim(now=LATE)
    with database.write() as connection:
        reap(connection, LATE + timedelta(minutes=2))

    assert ledger.states == [S.QUEUED]


def test_mail_that_may_have_arrived_waits_for_its_own_decision(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    ledger.send(NOBODY_KNOWS)
    ledger.execute("UPDATE deliveries SET state = 'held'")

    assert ledger.steer(Steer.RETRY).state is RunState.SENDING
    assert ledger.states == [S.HELD]
