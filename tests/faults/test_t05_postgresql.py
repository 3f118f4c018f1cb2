"""T5: PostgreSQL crashes, cuts connections off and loses patience, while workers send."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from mailer.store.database import upgrade
from tests.faults.conftest import MakeWorld
from tests.faults.report import Measured
from tests.faults.world import World
from tests.journeys.processes import wait_until
from tests.servers.postgres import NoPostgres, PostgresServer

# The impatience is for the mailer alone.
_PATIENT = "-c statement_timeout=0"


@pytest.fixture(scope="module")
def mortal_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of these tests alone, which they may crash."""
    try:
        server = PostgresServer.start(returning=True)
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


def lose_postgres(world: World, server: PostgresServer, *, blows: int, mutation: str = "") -> None:
    """Crash the server, cut all connections and end every statement, each so often, in mid-run."""
    each = max(world.readers // (3 * blows + 1), 1)
    name = str(make_url(world.url).database)

    def until_further() -> None:
        wanted = min(world.sink.counts.total() + each, world.readers)
        wait_until(
            lambda: world.sink.counts.total() >= wanted, seconds=120, what="more mail", every=0.005
        )

    def cut_off() -> None:
        with psycopg.connect(plain(world.url), autocommit=True, options=_PATIENT) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def lose_patience(milliseconds: int) -> None:
        with psycopg.connect(plain(world.url), autocommit=True, options=_PATIENT) as connection:
            connection.execute(f'ALTER DATABASE "{name}" SET statement_timeout = {milliseconds}')
        cut_off()

    workers = [world.start("drain", "--forever", mutation=mutation) for _ in range(2)]
    for _ in range(blows):
        until_further()
        server.crash()
        until_further()
        cut_off()
        until_further()
        lose_patience(1)
        lose_patience(0)
    # Our own connections were cut off as well.
    world.database.close()
    # What a worker had when its database went is taken back, by others or by itself.
    world.turn_clock(61)
    world.until_settled(seconds=120)
    for worker in workers:
        assert world.stop_softly(worker) == 0, world.logs()


def plain(url: str) -> str:
    """The URL as psycopg reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("readers", "blows"),
    [
        pytest.param(90, 1, id="once"),
        pytest.param(20_000, 20, id="soak", marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(3600)
def test_no_mail_counts_as_accepted_that_was_not_and_none_is_lost(
    make_world: MakeWorld,
    mortal_postgres: PostgresServer,
    readers: int,
    blows: int,
    measured: Measured,
) -> None:
    url = mortal_postgres.create()
    upgrade(url)
    world = make_world(url, readers, keep=False)
    lose_postgres(world, mortal_postgres, blows=blows)
    # Two workers; each blow may cut both off between the server's answer and the record of it.
    world.require_once(most_doubtful=3 * blows * 2 * world.window)
    measured.figures |= {
        "mails": readers,
        "crashes": blows,
        "all connections cut": 3 * blows,
        "statement_timeout of 1 ms": blows,
    }
    measured.figures |= world.figures()
