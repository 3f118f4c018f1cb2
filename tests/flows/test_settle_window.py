"""Settling: a run that is refused too often pauses itself, whoever of its workers sees it."""

from datetime import timedelta

from sqlalchemy import text

from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.flows.settle_window import Sent, settle_window
from mailer.flows.steer_run import Steer
from mailer.ports import Deferred, Misconfigured, Refused
from mailer.store.database import Database
from mailer.store.readers import is_suppressed
from tests.builders import NOON
from tests.flows.ledger import LATER, NO, NOBODY_KNOWS, YES, open_ledger

S = DeliveryState
LAST = Refused(554, "5.7.1 blocked for spam")


def test_twenty_refusals_in_a_row_pause_the_run_with_the_last_reply(database: Database) -> None:
    ledger = open_ledger(database, mails=230)
    ledger.send(*[YES] * 200)

    assert ledger.send(*[NO] * 19).paused == {}
    settled = ledger.send(LAST)

    run = ledger.run
    assert run.state is RunState.PAUSED
    assert run.state_reason == (
        "20 mails in a row were refused, the last with: 554 5.7.1 blocked for spam"
    )
    assert settled.paused == {run.id: run.state_reason}
    assert ledger.claim().rows == []
    assert ledger.broken() == {}


def test_more_than_ten_refusals_at_the_start_pause_the_run(database: Database) -> None:
    ledger = open_ledger(database, mails=40)
    ledger.send(*(YES, NO) * 10)
    assert ledger.run_state() is RunState.SENDING

    ledger.send(YES, NO)

    assert ledger.run_state() is RunState.PAUSED
    assert "11 of the first 22 mails were refused, the last with: 550" in ledger.run.state_reason


def test_refusals_after_the_start_do_not_count_to_it(database: Database) -> None:
    ledger = open_ledger(database, mails=224)
    ledger.send(*[YES] * 200)

    ledger.send(*(YES, NO) * 12)

    assert ledger.run_state() is RunState.SENDING


def test_an_accepted_mail_in_the_same_window_breaks_the_row(database: Database) -> None:
    ledger = open_ledger(database, mails=240)
    ledger.send(*[YES] * 200)

    ledger.send(*[NO] * 19, YES, *[NO] * 19)

    assert ledger.run_state() is RunState.SENDING


def test_a_window_of_accepted_mail_breaks_the_row(database: Database) -> None:
    ledger = open_ledger(database, mails=240)
    ledger.send(*[YES] * 200)

    ledger.send(*[NO] * 19)
    ledger.send(YES)
    ledger.send(*[NO] * 19)

    assert ledger.run_state() is RunState.SENDING


def test_a_row_that_ends_within_a_window_was_long_enough(database: Database) -> None:
    ledger = open_ledger(database, mails=230)
    ledger.send(*[YES] * 200)

    ledger.send(*[NO] * 19, LAST, YES)

    assert ledger.run_state() is RunState.PAUSED
    assert ledger.run.state_reason.endswith("554 5.7.1 blocked for spam")


def test_what_is_no_judgement_neither_breaks_nor_lengthens_the_row(database: Database) -> None:
    ledger = open_ledger(database, mails=230)
    ledger.send(*[YES] * 200)

    ledger.send(*[NO] * 19, LATER, NOBODY_KNOWS)
    assert ledger.run_state() is RunState.SENDING
    ledger.send(LAST)

    assert ledger.run_state() is RunState.PAUSED


def test_workers_share_the_count(database: Database) -> None:
    ledger = open_ledger(database, mails=22)
    one, other = ledger.mark(limit=11), ledger.mark(limit=11)
    one.answer(*[NO] * 5, *[YES] * 6)
    assert ledger.run_state() is RunState.SENDING

    other.answer(*[NO] * 6, *[YES] * 5)

    assert ledger.run_state() is RunState.PAUSED


def test_a_resumed_run_is_measured_afresh(database: Database) -> None:
    ledger = open_ledger(database, mails=40)
    ledger.send(*[NO] * 11)
    assert ledger.run_state() is RunState.PAUSED
    ledger.steer(Steer.RESUME)

    ledger.send(*[NO] * 10)
    assert ledger.run_state() is RunState.SENDING
    ledger.send(NO)

    assert ledger.run_state() is RunState.PAUSED


def test_the_ordinary_window_writes_nothing_to_the_run(database: Database) -> None:
    ledger = open_ledger(database, mails=202)
    ledger.send(*[YES] * 199)
    ledger.send(YES)
    stop = "'the run was written'"
    if database.is_sqlite:
        ledger.execute(
            f"CREATE TRIGGER untouched BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, {stop}); END"
        )
    else:
        ledger.execute(
            "CREATE FUNCTION untouched() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION {stop}; END $$",
            "CREATE TRIGGER untouched BEFORE UPDATE ON runs "
            "FOR EACH ROW EXECUTE FUNCTION untouched()",
        )

    ledger.send(YES, YES)

    assert set(ledger.states) == {S.ACCEPTED}


def test_our_own_fault_pauses_before_any_count_of_refusals(database: Database) -> None:
    ledger = open_ledger(database, mails=12)

    settled = ledger.send(*[NO] * 11, Misconfigured(535, "5.7.8 bad password"))

    assert settled.halted == "5.7.8 bad password"
    assert ledger.run.state_reason == "the fault is ours: 535 5.7.8 bad password"


def test_settling_twice_counts_once(database: Database) -> None:
    ledger = open_ledger(database, mails=40)
    batch = ledger.mark(limit=10)
    batch.answer(*[NO] * 10)

    batch.answer(*[NO] * 10)

    assert ledger.run_state() is RunState.SENDING
    assert len(ledger.events(1)) == 2


def test_a_refusal_that_is_about_the_address_suppresses_it(database: Database) -> None:
    ledger = open_ledger(database, mails=1)

    ledger.send(Refused(550, "5.1.1 no such user", suppress=True))

    with database.read() as connection:
        assert is_suppressed(connection, read_address("key-1@example.org"))


def test_what_no_terminal_or_database_takes_does_not_stop_it(database: Database) -> None:
    ledger = open_ledger(database, mails=1)

    ledger.send(Refused(550, "no\x00\x1b[31m\r\nsuch user"))

    assert ledger.rows[0].reply == "no[31m such user"


def test_answers_outlive_a_database_that_restarts(postgres_url: str) -> None:
    database, other = Database.open(postgres_url), Database.open(postgres_url)
    ledger = open_ledger(database, mails=1)
    batch = ledger.mark()
    with other.write() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    waits: list[float] = []

    settle_window(
        database,
        [Sent(batch.rows[0], "", YES)],
        batch.token,
        clock=lambda: NOON + timedelta(seconds=1),
        sleep=waits.append,
    )

    assert len(waits) == 1
    assert ledger.states == [S.ACCEPTED]
    database.close()
    other.close()


def test_a_server_that_says_when_is_heard_when_it_asks_for_more(database: Database) -> None:
    ledger = open_ledger(database, mails=4)

    ledger.send(
        Deferred(503, "busy", wait_seconds=7200.0),
        Deferred(503, "busy", wait_seconds=1.0),
        Deferred(503, "busy", counts=False, wait_seconds=90.0),
        Deferred(503, "busy", wait_seconds=1e12),
    )

    waits = [row.not_before_at - NOON for row in ledger.rows]
    assert waits[0] == timedelta(hours=2)
    assert timedelta(minutes=3) < waits[1] < timedelta(minutes=7)
    assert waits[2] == timedelta(seconds=90)
    assert waits[3] <= timedelta(days=1)


def test_one_reader_whose_server_blames_us_does_not_pause_the_run(database: Database) -> None:
    ledger = open_ledger(database, mails=30)
    ours = Misconfigured(550, "5.7.133 only for members of this organisation")
    settled = ledger.send(YES, ours, YES)
    assert (settled.halted, settled.paused) == ("", {})
    assert ledger.run_state() is RunState.SENDING
    (odd,) = [row for row in ledger.rows if row.reply.startswith("5.7.133")]
    assert (odd.state, odd.attempt_count) == (S.QUEUED, 1)
    assert odd.not_before_at > NOON
    # With none taken behind it, it may be all of them: the run waits for somebody.
    assert ledger.send(YES, ours, ours).paused
    assert ledger.broken() == {}


def test_many_whose_servers_blame_us_pause_the_run_as_refusals_do(database: Database) -> None:
    ledger = open_ledger(database, mails=40)
    ours = Misconfigured(550, "5.7.1 blocked")
    ledger.send(*(ours, YES) * 10)
    assert ledger.run_state() is RunState.SENDING
    ledger.send(ours, YES)
    assert ledger.run_state() is RunState.PAUSED
    assert ledger.run.state_reason == (
        "11 of the first 21 mails were refused, the last with: 550 5.7.1 blocked"
    )
    assert ledger.broken() == {}
