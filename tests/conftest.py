"""What every test may ask for: a fresh database, a Redis, and nothing beyond this machine.

Servers start with the first test that needs one, once per test process, and end with it.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from mailer.bootstrap import packaged_seeds
from mailer.core import passwords
from mailer.flows.load_seeds import load_seeds
from mailer.store.database import Database, upgrade
from tests.servers.postgres import NoPostgres, PostgresServer
from tests.servers.redis import RedisServer
from tests.shared_database import SharedPostgres

_SLOW = {"browser", "faults", "journeys", "machine"}
_HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Make a run depend on the checkout alone, not on the machine's settings or speed."""
    for name in list(os.environ):
        if name.startswith("MAILER_") and not name.startswith("MAILER_TEST_"):
            del os.environ[name]
    settings.register_profile("mailer", deadline=None, derandomize="CI" in os.environ)
    settings.load_profile("mailer")
    sys.addaudithook(_stay_on_this_machine)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark long tests by folder and those of PostgreSQL by name: nobody has to remember.

    Those of `make soak` take minutes to hours: they run only when `-m` names them. They are a
    suite of their own, so nothing counts them as deselected: CI looks for that word.
    """
    if "soak" not in str(config.option.markexpr):
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _SLOW:
            item.add_marker(pytest.mark.slow)
        if "[postgresql" in item.name or "postgresql]" in item.name:
            item.add_marker(pytest.mark.postgresql)


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """Hash passwords as cheaply as argon2 lets us, and give the hasher that this stands in for.

    Every other test of the desk signs in: 64 MiB and three passes each time prove nothing more.
    What a real hash costs has a test of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        real = passwords._HASHER
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", cheap)
        yield real


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, shared by the tests of one process."""
    try:
        server = PostgresServer.start()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The URL of a migrated database to copy, never to connect to."""
    url = postgres.create()
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy, never to open."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the seed newsroom to copy, never to open."""
    path = tmp_path_factory.mktemp("sqlite") / "seeded.db"
    shutil.copyfile(migrated_sqlite, path)
    _seed(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_postgres(postgres: PostgresServer, migrated_postgres: str) -> Iterator[SharedPostgres]:
    """A migrated database in which one test after another leaves its rows."""
    shared = SharedPostgres(postgres, migrated_postgres)
    yield shared
    shared.close()


@pytest.fixture
def postgres_url(shared_postgres: SharedPostgres) -> str:
    """The URL of a PostgreSQL database as migrated: no rows, ids count from 1."""
    return shared_postgres.put_back()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind: migrated, empty, of this test alone while it runs."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "mailer.db"
    shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def seeded_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same with the seed newsroom in it."""
    if database_url.startswith("sqlite"):
        path = tmp_path / "mailer.db"
        shutil.copyfile(request.getfixturevalue("seeded_sqlite"), path)
        return database_url
    shared: SharedPostgres = request.getfixturevalue("shared_postgres")
    shared.put_back(seed=_seed)
    return database_url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The empty database, open."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL alone: for what SQLite, with one writer at a time, cannot meet."""
    opened = Database.open(postgres_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server, shared by the tests of one process."""
    server = RedisServer.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of a Redis without any key."""
    redis_server.empty()
    return redis_server.url


def _seed(url: str) -> None:
    database = Database.open(url)
    load_seeds(database, packaged_seeds())
    database.close()


def _stay_on_this_machine(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse a connection beyond loopback: a test must not depend on anybody else's server."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_loopback(str(address[0])):
        raise AssertionError(f"a test may not connect to {address}: use a server on 127.0.0.1")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "") or host.startswith(("127.", "::ffff:127."))
