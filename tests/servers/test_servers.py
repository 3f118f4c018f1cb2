"""The servers under the tests keep the tests apart and leave nothing behind."""

import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url, text

from mailer.store.database import Database
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerProcess

_START_REDIS_AND_WAIT = """
import sys
from tests.servers.redis import RedisServer
print(RedisServer.start().url, flush=True)
sys.stdin.read()
"""


def _table_count(database: Database) -> int:
    statement = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
        if database.is_sqlite
        else "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    )
    with database.read() as connection:
        return int(connection.execute(text(statement)).scalar_one())


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_migrated_database_without_traces(database: Database, turn: str) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE trace (id integer)"))
        connection.execute(text("INSERT INTO trace VALUES (1)"))
    assert _table_count(database) > 2, turn


def test_two_databases_of_one_server_are_apart(postgres: PostgresServer) -> None:
    here, there = (make_url(postgres.create()).set(drivername="postgresql") for _ in range(2))
    with psycopg.connect(here.render_as_string(hide_password=False)) as connection:
        connection.execute("CREATE TABLE only_here (id integer)")
    with psycopg.connect(there.render_as_string(hide_password=False)) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_a_database_can_be_dropped_under_a_connection(postgres: PostgresServer) -> None:
    url = postgres.create()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(plain)
    postgres.drop(url)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_redis(redis_url: str, turn: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set(turn, "trace")


def test_a_stopped_server_takes_its_folder_along() -> None:
    process = ServerProcess()
    ready = process.folder / "ready"
    process.start("/bin/sh", "-c", "touch ready; exec sleep 60", is_up=ready.exists)
    process.stop()
    assert not process.folder.exists()


def test_a_server_that_does_not_start_says_why_and_leaves_nothing() -> None:
    process = ServerProcess()
    with pytest.raises(RuntimeError, match="no room"):
        process.start("/bin/sh", "-c", "echo no room; exit 3", is_up=lambda: False)
    assert not process.folder.exists()


def test_a_server_ends_when_its_tests_are_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _START_REDIS_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as tests:
        assert tests.stdout is not None
        address = make_url(tests.stdout.readline().decode().strip())
        with socket.create_connection((str(address.host), address.port or 0)) as connection:
            connection.settimeout(10)
            tests.kill()
            assert connection.recv(1) == b""  # The server closed it: it is gone.


def test_a_connection_beyond_this_machine_is_refused() -> None:
    with socket.socket() as outward, pytest.raises(AssertionError, match="use a server on"):
        outward.connect(("192.0.2.1", 80))  # RFC 5737: an address of nobody.
