"""The restore guard: from a restored or cloned database nothing is sent before a person says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.epochs import Epoch, epoch_text, next_mark, read_epoch_text, why_strange
from mailer.errors import InputError, RestoredDatabase, SettingsError
from mailer.flows.guard_restore import RestoreGuard
from mailer.store.audit import list_changes
from mailer.store.database import Database
from mailer.store.epochs import find_epoch, read_epoch_file, save_epoch, write_epoch_file
from tests.builders import NOON
from tests.flows.conftest import Newsroom

MINUTE = timedelta(minutes=1)


@pytest.fixture
def guard(tmp_path: Path) -> RestoreGuard:
    """A guard whose file is not there yet."""
    return RestoreGuard(tmp_path / "outside" / "epoch")


def inside(database: Database) -> Epoch:
    with database.read() as connection:
        epoch = find_epoch(connection)
    assert epoch is not None
    return epoch


def go_back(database: Database, mark: datetime) -> None:
    """Put the database's epoch back as a backup of that moment has it."""
    identity = inside(database).identity
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM instance_epoch")
        save_epoch(connection, Epoch(identity, mark))


def test_a_fresh_installation_is_known_from_its_first_look(
    database: Database, guard: RestoreGuard
) -> None:
    assert guard.path is not None
    guard.check(database, NOON)
    assert read_epoch_file(guard.path) == inside(database) == Epoch(inside(database).identity, NOON)
    guard.check(database, NOON + MINUTE / 2)
    assert inside(database).mark == NOON
    guard.check(database, NOON + MINUTE)
    guard.check(database, NOON + MINUTE, sent=True)
    assert read_epoch_file(guard.path) == inside(database)
    assert inside(database).mark == NOON + MINUTE + timedelta(microseconds=1)
    assert guard.accept(database, actor="test", now=NOON) == ""


def test_no_mail_leaves_a_restored_database_until_it_is_accepted(
    newsroom: Newsroom, guard: RestoreGuard
) -> None:
    room = replace(newsroom, desk=replace(newsroom.desk, guard=guard))
    room.read_by("mina@example.org")
    room.follow("mina@example.org", "*")
    room.publish("s1")
    guard.check(room.database, NOON - timedelta(hours=2))
    backup = inside(room.database).mark
    guard.check(room.database, NOON - timedelta(hours=1))
    go_back(room.database, backup)

    with pytest.raises(RestoredDatabase, match="accept-restore"):
        room.send()
    assert len(room.deliveries(DeliveryState.QUEUED)) == 1
    assert room.given() == []
    assert "it ends at" in guard.accept(room.database, actor="ada", now=NOON)
    with room.database.read() as connection:
        (change,) = list_changes(connection, actor="ada")
    assert change.action == "restore accepted"
    room.deliver(NOON)
    assert room.given() == [("mina@example.org", "s1")]


def test_mail_that_went_out_tells_a_backup_from_before_it(
    newsroom: Newsroom, guard: RestoreGuard
) -> None:
    room = replace(newsroom, desk=replace(newsroom.desk, guard=guard))
    room.read_by("mina@example.org")
    room.follow("mina@example.org", "*")
    room.publish("s1")
    guard.check(room.database, NOON)
    room.send()
    assert len(room.given()) == 1
    go_back(room.database, NOON)
    with pytest.raises(RestoredDatabase):
        guard.check(room.database, NOON)


def test_other_machines_go_on_when_one_has_accepted(
    database: Database, guard: RestoreGuard, tmp_path: Path
) -> None:
    other = RestoreGuard(tmp_path / "other")
    guard.check(database, NOON)
    assert guard.path is not None
    assert other.path is not None
    write_epoch_file(other.path, inside(database))
    other.check(database, NOON + 9 * MINUTE)
    guard.check(database, NOON + 9 * MINUTE)
    go_back(database, NOON)
    for each in (guard, other):
        with pytest.raises(RestoredDatabase, match="saw it at"):
            each.check(database, NOON + 10 * MINUTE)
    # Also where this machine's clock is behind.
    guard.accept(database, actor="test", now=NOON + 8 * MINUTE)
    other.check(database, NOON + 10 * MINUTE)


def test_a_clone_is_strange_where_it_has_not_lived(
    database: Database, guard: RestoreGuard, tmp_path: Path
) -> None:
    guard.check(database, NOON)
    elsewhere = RestoreGuard(tmp_path / "elsewhere")
    with pytest.raises(RestoredDatabase, match="does not know it"):
        elsewhere.check(database, NOON)
    assert elsewhere.path is not None
    write_epoch_file(elsewhere.path, Epoch("another", NOON - MINUTE))
    assert elsewhere.strangeness(database) == "this machine knows another"
    assert elsewhere.accept(database, actor="test", now=NOON)
    elsewhere.check(database, NOON)
    guard.check(database, NOON)


def test_a_broken_file_stops_mail_and_a_missing_guard_does_not(
    database: Database, guard: RestoreGuard
) -> None:
    assert guard.path is not None
    guard.path.parent.mkdir()
    guard.path.write_bytes(b"\xff\x1b[2J")
    with pytest.raises(SettingsError, match="cannot be read"):
        guard.check(database, NOON)
    RestoreGuard().check(database, NOON)
    with pytest.raises(InputError, match="MAILER_EPOCH_FILE"):
        RestoreGuard().accept(database, actor="test", now=NOON)
    with pytest.raises(SettingsError, match="cannot write"):
        write_epoch_file(Path("/dev/null/epoch"), Epoch("a1", NOON))


@pytest.mark.parametrize(
    "text", ["", "abc", "abc yesterday", "a-b 2026-10-22T07:00+00:00", "abc 2026-10-22"]
)
def test_what_is_no_epoch_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no epoch"):
        read_epoch_text(text)


def test_an_epoch_reads_back_and_its_mark_never_goes_back() -> None:
    epoch = Epoch("a1", datetime(2026, 10, 22, 7, 0, 0, 5, tzinfo=UTC))
    assert read_epoch_text(epoch_text(epoch)) == epoch
    assert next_mark(epoch.mark - MINUTE, epoch, None) > epoch.mark
    assert why_strange(None, None) == ""
    assert why_strange(epoch, None) == "it is new, and this machine knows another"
