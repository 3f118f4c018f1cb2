"""Two processes at one run: what one queues again and the other finishes, in either order."""

import threading
from collections.abc import Callable

from sqlalchemy import text

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.flows.plan_retries import plan_retries
from mailer.store.database import Connection, Database
from mailer.store.ledger_steering import DoubtRule, resend_doubts
from mailer.store.runs import finish_run
from tests.builders import NOON
from tests.flows.ledger import NO, NOBODY_KNOWS, SIGNER, open_ledger
from tests.store.rows import until_somebody_waits

RULE = DoubtRule(awaited=False, most_resends=2, not_before_at=NOON)


def resend(connection: Connection) -> None:
    assert resend_doubts(connection, RULE, NOON, limit=10) == 1


def finish(connection: Connection) -> None:
    finish_run(connection, 1, NOON)


def overlap(
    database: Database, first: Callable[[Connection], None], second: Callable[[Connection], None]
) -> None:
    """Run both at once, the second to wait for the first one's commit."""

    def later() -> None:
        with database.write() as connection:
            second(connection)

    thread = threading.Thread(target=later)
    with database.write() as connection:
        first(connection)
        thread.start()
        until_somebody_waits(database)
    thread.join(30)
    assert not thread.is_alive()


def test_a_run_is_not_finished_over_a_mail_that_is_being_resent(
    postgres_database: Database,
) -> None:
    ledger = open_ledger(postgres_database, mails=1)
    ledger.send(NOBODY_KNOWS)

    overlap(postgres_database, resend, finish)

    assert (ledger.run.state, ledger.states) == (RunState.SENDING, [DeliveryState.QUEUED])


def test_a_mail_that_is_resent_reopens_the_run_that_is_being_finished(
    postgres_database: Database,
) -> None:
    ledger = open_ledger(postgres_database, mails=1)
    ledger.send(NOBODY_KNOWS)

    overlap(postgres_database, finish, resend)

    assert (ledger.run.state, ledger.states) == (RunState.SENDING, [DeliveryState.QUEUED])


def test_two_operators_who_retry_at_once_plan_once(postgres_database: Database) -> None:
    database = postgres_database
    ledger = open_ledger(database, mails=3)
    ledger.send(NO, NO, NO)
    start = threading.Barrier(2)
    planned: list[int] = []

    def retry() -> None:
        start.wait()
        planned.append(plan_retries(database, 1, now=NOON, signer=SIGNER))

    threads = [threading.Thread(target=retry) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sum(planned) == 3
    assert ledger.broken() == {}


def test_a_transaction_of_a_frozen_worker_ends_by_itself(postgres_database: Database) -> None:
    with postgres_database.write() as connection:
        shown = connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        # PostgreSQL has it since 17.
        longest = connection.scalar(text("SELECT current_setting('transaction_timeout', true)"))
    assert shown == "1min"
    assert longest in ("15min", None)
