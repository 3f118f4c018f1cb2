"""Two workers, three beats, PostgreSQL, Redis and a real SMTP server: every mail exactly once."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from mailer.store.database import Database
from mailer.store.runs import list_runs
from tests.delivery.sinks import SinkServer
from tests.deployment import compose_command
from tests.journeys.asia import expected_story, fill
from tests.journeys.processes import Processes, wait_until
from tests.servers.postgres import PostgresServer

READERS = 5000
KILLED_AFTER = 800
WINDOW = 16
PROCESSES = 2


@pytest.fixture
def postgres_url(postgres: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    """A fresh database on the server."""
    url = postgres.create(template=migrated_postgres)
    yield url
    postgres.drop(url)


@pytest.mark.timeout(420)
def test_every_mail_arrives_once_though_redis_forgets_and_a_worker_dies(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    database = Database.open(postgres_url)
    sink = SinkServer()
    processes = Processes(
        {
            "MAILER_DATABASE_URL": postgres_url,
            "MAILER_BROKER_URL": redis_url,
            "MAILER_BACKEND": "smtp",
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "MAILER_SMTP_WINDOW": str(WINDOW),
        },
        tmp_path,
    )

    def settled() -> bool:
        with database.read() as connection:
            runs = list_runs(connection)
        return bool(runs) and all(run.state.value == "done" for run in runs)

    try:
        fill(database, now, READERS)
        workers = [processes.start("worker", "--concurrency", str(PROCESSES)) for _ in range(2)]
        for _ in range(3):
            processes.start(*compose_command("beat"))
        wait_until(lambda: len(sink.mails) > KILLED_AFTER, seconds=120, what="the first mails")
        with Redis.from_url(redis_url) as client:
            client.flushall()
        processes.kill(workers[0])
        assert len(sink.mails) < READERS, "the worker was killed too late to matter"
        processes.start(*compose_command("worker"), "--concurrency", str(PROCESSES))
        wait_until(settled, seconds=240, what="the run to be done")
        assert processes.stop_softly(workers[1]) == 0

        with database.read() as connection:
            [run] = list_runs(connection)
        rows = json.loads(processes.run("deliveries", "list", "--limit", "100000", "--json"))
        received = Counter(mail.recipients[0] for mail in sink.mails)
        everybody = {f"reader{i}@reader.example" for i in range(1, READERS + 1)}
        doubtful = {row["email"] for row in rows if row["state"] in ("in_doubt", "held")}
        twice = {email for email, count in received.items() if count > 1}
        assert run.planned_count == sum(run.counts.values()) == len(rows) == READERS
        assert everybody - set(received) <= doubtful, "lost"
        assert twice <= doubtful, "twice, and not in doubt"
        assert len(doubtful) <= WINDOW * (PROCESSES + 1)
        assert {row["state"] for row in rows} <= {"accepted", "in_doubt", "held"}
        for mail in sink.mails:
            number = int(mail.recipients[0].removeprefix("reader").partition("@")[0])
            assert f"News from {expected_story(number)}".encode() in mail.content
        assert "hold" in processes.run("ledger", "check")
    except BaseException:
        print(processes.logs())  # noqa: T201 - what a failing journey needs to be understood
        raise
    finally:
        processes.end()
        sink.stop()
        database.close()


def test_sending_goes_on_while_redis_is_away(postgres_url: str, tmp_path: Path) -> None:
    database = Database.open(postgres_url)
    sink = SinkServer()
    processes = Processes(
        {
            "MAILER_DATABASE_URL": postgres_url,
            # Nobody listens there.
            "MAILER_BROKER_URL": "redis://127.0.0.1:1/0",
            "MAILER_BACKEND": "smtp",
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
        },
        tmp_path,
    )
    try:
        fill(database, datetime.now(UTC), 40)
        processes.start(*compose_command("worker"), "--concurrency", "1")
        wait_until(lambda: len(sink.mails) == 40, seconds=60, what="mail without a broker")
        assert len({mail.recipients[0] for mail in sink.mails}) == 40
    except BaseException:
        print(processes.logs())  # noqa: T201
        raise
    finally:
        processes.end()
        sink.stop()
        database.close()
