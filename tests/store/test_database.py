"""Opening, reading and writing a database, and what happens when it is not there."""

from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from mailer.errors import ServiceAway, SettingsError
from mailer.store.database import Connection, Database
from mailer.store.tables import follows, newsletters
from tests.builders import NOON
from tests.store.rows import add_newsletter


def count(connection: Connection) -> int | None:
    return connection.scalar(select(func.count()).select_from(newsletters))


def write_and_fail(database: Database) -> None:
    with database.write() as connection:
        add_newsletter(connection, "dropped")
        raise LookupError


def test_a_write_is_kept_when_it_ends_well_and_dropped_when_it_fails(database: Database) -> None:
    with database.write() as connection:
        add_newsletter(connection, "kept")
    with pytest.raises(LookupError):
        write_and_fail(database)
    with database.read() as connection:
        assert list(connection.scalars(select(newsletters.c.slug))) == ["kept"]


def test_what_was_only_read_with_is_not_kept(database: Database) -> None:
    with database.read() as connection:
        add_newsletter(connection)
    with database.read() as connection:
        assert count(connection) == 0


def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    orphan = {
        "subscription_id": 99,
        "expression": "*",
        "canonical": "*",
        "cadence": "daily",
        "started_at": NOON,
        "cursor_at": NOON,
    }
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(follows), orphan)


def test_writers_wait_for_each_other_and_readers_for_nobody(database: Database) -> None:
    begun, seen = Event(), Event()

    def write() -> None:
        with database.write() as connection:
            add_newsletter(connection, "first")
            begun.set()
            assert seen.wait(30)

    writer = Thread(target=write)
    writer.start()
    assert begun.wait(30)
    with database.read() as connection:
        assert count(connection) == 0
    seen.set()
    with database.write() as connection:
        add_newsletter(connection, "second")
    writer.join()
    with database.read() as connection:
        assert count(connection) == 2


def test_a_server_that_is_away_is_said_to_be_away() -> None:
    database = Database.open("postgresql://mailer@127.0.0.1:1/mailer")
    for opening in (database.read, database.write):
        with pytest.raises(ServiceAway, match="does not answer"), opening():
            pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(SettingsError, match=r"a file in '.*nowhere', which is no folder: make it"):
        Database.open(f"sqlite:///{missing}/mailer.db")
    missing.mkdir()
    Database.open(f"sqlite:///{missing}/mailer.db").close()


@pytest.mark.parametrize(
    "url",
    ["", "mysql://host/name", "nonsense", "sqlite+nodriver:///x.db", "postgresql://h:s3cret/x"],
)
def test_a_url_that_cannot_be_used_is_refused_with_a_mend(url: str) -> None:
    with pytest.raises(SettingsError, match=r"use sqlite:///file\.db or postgresql") as refused:
        Database.open(url)
    assert "s3cret" not in str(refused.value)
