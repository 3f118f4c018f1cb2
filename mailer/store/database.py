"""The engine: how a database is opened, read, written and migrated.

SQLite runs in WAL mode; a write transaction begins with BEGIN IMMEDIATE, so that two writers wait
for each other instead of failing half way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from mailer.errors import InputError, ServiceAway, SettingsError

__all__ = ["MIGRATIONS", "Connection", "Database", "upgrade"]

MIGRATIONS = Path(__file__).parent / "migrations"

_BUSY_MS = 10_000  # A writer of ours holds the lock for milliseconds; ten seconds is a stuck disk.
_IDLE_MS = 60_000  # The longest we think between two statements is a shard: a few seconds.
# Behind a pipelined statement PostgreSQL forgets to watch for idleness, so that a worker frozen
# just there would keep its locks for ever. Only the whole transaction has an end then.
_LONGEST_MS = 900_000


class Database:
    """An open database. `read()` and `write()` give a connection inside one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"

    @classmethod
    def open(cls, url: str) -> "Database":
        """Open without migrating; nothing is connected yet.

        Raises SettingsError when the URL cannot be used.
        """
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise SettingsError(
                    f"unknown database '{parsed.get_backend_name()}': "
                    "use sqlite:///file.db or postgresql+psycopg://user@host/name"
                )
            if parsed.get_backend_name() == "sqlite":
                _require_folder(url)
                engine = create_engine(parsed, connect_args={"timeout": _BUSY_MS / 1000})
                _prepare_sqlite(engine)
            else:
                engine = create_engine(parsed.set(drivername="postgresql+psycopg"))
                _prepare_postgresql(engine)
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            # What stands where a port should may be part of a password: it is not repeated.
            why = "its port is no number" if isinstance(error, ValueError) else error
            raise SettingsError(
                f"MAILER_DATABASE_URL cannot be read: {why}; "
                "use sqlite:///file.db or postgresql+psycopg://user@host/name"
            ) from error
        return cls(engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection to read with; one snapshot on SQLite."""
        with _away(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, migrating: bool = False) -> Iterator[Connection]:
        """Give a connection to write with: committed at the end, rolled back on an exception.

        `migrating` is for a schema's change: SQLite then lets a table be made anew under others
        that refer to it, and this connection looks at no foreign key any more.
        """
        options = {"mailer_write": True, "mailer_migrating": migrating}
        with (
            _away(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if migrating and not self.is_sqlite:
                # A big table takes its time, and nobody else works meanwhile.
                connection.exec_driver_sql(
                    "SELECT set_config(name, '0', true) FROM pg_settings "
                    "WHERE name = 'transaction_timeout'"
                )
            yield connection

    @property
    def is_made(self) -> bool:
        """Whether a file of SQLite exists; opening makes it, and looking must not."""
        path = self._engine.url.database
        return not self.is_sqlite or path in (None, "", ":memory:") or Path(path).exists()

    def revision(self) -> str:
        """Return the revision the schema is at; empty when there is none."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            return str(found.scalar() or "")

    def require_current(self) -> None:
        """Raise InputError when the schema is not the one this code was written for."""
        found, wanted = self.revision(), newest_revision()
        if found != wanted:
            state = f"at {found}" if found else "empty"
            raise InputError(f"the database is {state}, not at {wanted}: run 'mailer db upgrade'")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def sqlite_path(url: str) -> Path | None:
    """Return where a SQLite database lies; None for one in memory or on a server."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def _require_folder(url: str) -> None:
    """SQLite makes its file but no folder, and says only that it cannot open the one in it."""
    path = sqlite_path(url)
    if path is not None and not str(path).startswith("file:") and not path.parent.is_dir():
        raise SettingsError(
            f"MAILER_DATABASE_URL names a file in '{path.parent}', which is no folder: "
            "make it, or name another"
        )


def newest_revision() -> str:
    """Return the revision this code was written for, by the names of its migrations.

    Alembic would import all of them to say so: 0.3 s of each command.
    """
    names = (MIGRATIONS / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py")
    return max(path.name for path in names)[1:5]


def upgrade(url: str) -> None:
    """Bring the schema to the newest revision; of one that is there, only its number is read."""
    database = Database.open(url)
    try:
        if database.revision() != newest_revision():
            # Loaded for the work alone, which comes once a release.
            from mailer.store.migrating import migrate  # noqa: PLC0415

            migrate(database, url)
    finally:
        database.close()


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(raw: Any, _record: Any) -> None:
        # A frozen worker must not keep readers from unsubscribing: its transaction is ended.
        raw.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
        if raw.info.server_version >= 170_000:
            raw.execute(f"SET transaction_timeout = {_LONGEST_MS}")
        raw.commit()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(raw: Any, _record: Any) -> None:
        # Transactions are begun by us below; the driver's own would begin too late.
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        write = options.get("mailer_write", False)
        if options.get("mailer_migrating", False):
            # Only before a transaction; the connection ends with its migration.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _away() -> Iterator[None]:
    """Turn a database that does not answer into ServiceAway."""
    try:
        yield
    except OperationalError as error:
        raise ServiceAway(f"the database does not answer: {error.orig}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise ServiceAway(f"the database went away: {error.orig}") from error
        raise
