"""I1–I8 under chance, on SQLite and PostgreSQL: a short form, a long one for `make soak`."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mailer.core.readers import Cadence
from mailer.store.database import Database
from tests.flows.conftest import DAY
from tests.machine.model import EMAILS
from tests.machine.mutations import MUTATIONS
from tests.machine.rules import Machine
from tests.shared_database import SharedPostgres

Kind = type[Machine]


@pytest.fixture
def on_sqlite(migrated_sqlite: Path) -> Kind:
    """The machine with a fresh copy of an empty file for each example."""

    class OnSqlite(Machine):
        def open_database(self) -> Database:
            shutil.copyfile(migrated_sqlite, self.folder / "mailer.db")
            return Database.open(f"sqlite:///{self.folder / 'mailer.db'}")

    return OnSqlite


@pytest.fixture
def on_postgresql(shared_postgres: SharedPostgres) -> Kind:
    """The machine with one database, emptied for each example; nobody restores it."""

    class OnPostgresql(Machine):
        def open_database(self) -> Database:
            return Database.open(shared_postgres.put_back())

    return OnPostgresql


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Kind:
    """The machine on a database of this name."""
    made: Kind = request.getfixturevalue(f"on_{request.param}")
    return made


on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def run(kind: Kind, examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            **more,
        ),
    )


@on_both
@pytest.mark.timeout(600)
def test_the_promises_hold_whatever_happens(kind: Kind) -> None:
    run(kind, examples=2, steps=30, derandomize=True)


def walk(machine: Machine) -> None:
    """Lead the machine where each promise is at stake: chance takes minutes, this a second."""
    half_an_hour = timedelta(minutes=30)
    try:
        machine.open(first=("china", "china"), cadence=Cadence.DAILY)
        script = ["taken and lost", "deferred", "taken and killed"]
        machine.goes_out(Cadence.DAILY, EMAILS[0], set(), script, half_an_hour)
        machine.time_passes(half_an_hour)
        machine.a_worker_drains([])
        machine.promises_hold()
        script = ["taken as the others leave"]
        machine.goes_out(Cadence.DAILY, EMAILS[1], set(), script, half_an_hour)
        machine.promises_hold()
        machine.time_passes(DAY)
        machine.schedulers_tick()
        machine.publish(("China",), set(), 0)
    finally:
        machine.teardown()


def test_the_walk_keeps_every_promise(on_sqlite: Kind) -> None:
    walk(on_sqlite())


def broken(name: str, patch: pytest.MonkeyPatch) -> Any:
    """Break a promise on purpose, and expect the machine to say which."""
    place, fault = MUTATIONS[name]
    patch.setattr(place, fault)
    promise = name.partition(" ")[0]
    return pytest.raises(AssertionError, match=rf"^(\[['\"])?{promise}: ")


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_noticed(name: str, on_sqlite: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    with broken(name, monkeypatch):
        walk(on_sqlite())


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATIONS)
def test_chance_finds_each_fault(
    name: str, on_sqlite: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken(name, monkeypatch):
        # Found is enough: what the shortest way to it is needs no answer.
        run(on_sqlite, examples=400, steps=30, phases=[Phase.generate], derandomize=True)


@pytest.mark.soak
@on_both
@pytest.mark.timeout(36_000)
def test_the_promises_hold_for_very_long(kind: Kind) -> None:
    run(kind, examples=20_000, steps=50)
