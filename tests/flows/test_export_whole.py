"""A whole export: every row goes out, and comes back the same in an empty database."""

import csv
import json
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.core.addresses import read_address
from mailer.core.readers import Cadence
from mailer.errors import InputError
from mailer.flows.erase_reader import erase_reader
from mailer.flows.export_whole import export_whole
from mailer.flows.import_whole import import_whole
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.mute_expression import mute_expression
from mailer.flows.start_following import start_following
from mailer.store.database import Database
from mailer.store.preferences import follows_of
from mailer.store.reader_tables import reader_changes
from mailer.store.readers import find_reader, suppress
from mailer.store.tables import readers
from mailer.store.whole import WHOLE, count_whole, whole_rows
from tests.flows.conftest import DAY, NOON, Newsroom


@pytest.fixture
def full(newsroom: Newsroom) -> Newsroom:
    """A newsroom in which everything has happened."""
    newsroom.publish("s1", "china", topics=["trade"])
    newsroom.publish("s2", "japan", title="Ünïcode \u2028 line, “quoted”\nand more")
    newsroom.read_by("mina@reader.example", name="=1+1", locale="ko")
    newsroom.read_by("left@reader.example")
    newsroom.read_by("erased@reader.example")
    newsroom.follow("mina@reader.example", "china & !sport")
    newsroom.follow("mina@reader.example", "japan", "weekly")
    newsroom.follow("left@reader.example", "china")
    newsroom.follow("erased@reader.example", "china")
    database = newsroom.database
    mute_expression(database, "mina@reader.example", "sport", now=NOON, source="test")
    with database.write() as connection:
        suppress(connection, "gone@reader.example", "hard bounce", "550 5.1.1", NOON)
        left = find_reader(connection, read_address("left@reader.example"))
        erased = find_reader(connection, read_address("erased@reader.example"))
        [follow] = follows_of(connection, left.id)
    leave_mails(database, follow.subscription_id, Step.NEWSLETTER, now=NOON, source="page")
    erase_reader(newsroom.desk, erased.id, now=NOON)
    return newsroom


def rows(database: Database) -> dict[str, list[dict[str, object]]]:
    with database.read() as connection:
        return {name: list(whole_rows(connection, name)) for name in WHOLE}


@pytest.fixture
def other(tmp_path: Path, migrated_sqlite: Path) -> Database:
    """An empty database, of SQLite whatever the export came from."""
    path = tmp_path / "other.db"
    shutil.copyfile(migrated_sqlite, path)
    return Database.open(f"sqlite:///{path}")


def test_a_whole_export_comes_back_the_same(
    full: Newsroom, other: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    counts = export_whole(full.database, folder, now=NOON)
    import_whole(other, folder)

    assert rows(other) == rows(full.database)
    assert counts["follows.jsonl"] == 4
    assert counts["follows.csv"] == 2
    start_following(
        other, "mina@reader.example", "asia", "trade", Cadence.DAILY, now=NOON + DAY, source="x"
    )
    other.close()


def test_it_goes_into_the_kind_of_database_it_came_from_and_ids_count_on(
    full: Newsroom, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    export_whole(full.database, folder, now=NOON)
    before = rows(full.database)
    with full.database.write() as connection:
        for table in [reader_changes, *reversed(list(WHOLE.values()))]:
            connection.execute(table.delete())
    import_whole(full.database, folder)

    assert rows(full.database) == before
    full.read_by("next@reader.example")
    full.publish("s3", "china")
    with full.database.read() as connection:
        ids = connection.scalars(select(readers.c.id).order_by(readers.c.id)).all()
    assert len(set(ids)) == 4


def test_the_manifest_and_the_tables_for_people(full: Newsroom, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "export"
    export_whole(full.database, folder, now=NOON)

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *manifest["files"]}
    with (folder / "readers.csv").open(encoding="utf-8-sig", newline="") as file:
        people = list(csv.DictReader(file))
    assert [p["email"] for p in people] == ["mina@reader.example", "left@reader.example"]
    assert people[0]["name"] == "'=1+1", "no cell is a formula (S19)"
    assert "erased@reader.example" not in "".join(
        path.read_text(encoding="utf-8") for path in folder.iterdir()
    )
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})


def test_an_export_that_was_changed_or_not_finished_is_refused(
    full: Newsroom, other: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    export_whole(full.database, folder, now=NOON)
    with pytest.raises(InputError, match="not empty"):
        export_whole(full.database, folder, now=NOON)
    with pytest.raises(InputError, match="has tags already"):
        import_whole(full.database, folder)
    path = folder / "readers.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("mina", "nina"), encoding="utf-8")
    with pytest.raises(InputError, match=r"'readers\.jsonl' has been changed"):
        import_whole(other, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="was not finished"):
        import_whole(other, folder)
    with other.read() as connection:
        assert sum(count_whole(connection).values()) == 0
    other.close()
