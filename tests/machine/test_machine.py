"""I1–I8 under chance: a short form, a long one for `make soak`."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from mailer.store.database import Database
from tests.machine.mutations import MUTATIONS
from tests.machine.rules import Machine


def run(template: Path, examples: int, steps: int, **more: Any) -> None:
    """Run the machine on SQLite, each example on a fresh copy of an empty database."""

    class OnSqlite(Machine):
        def open_database(self) -> Database:
            shutil.copyfile(template, self.folder / "mailer.db")
            return Database.open(f"sqlite:///{self.folder / 'mailer.db'}")

    run_state_machine_as_test(
        OnSqlite,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            **more,
        ),
    )


@pytest.mark.timeout(600)
def test_the_promises_hold_whatever_happens(migrated_sqlite: Path) -> None:
    run(migrated_sqlite, examples=4, steps=30, derandomize=True)


def notices(name: str, template: Path, patch: pytest.MonkeyPatch, examples: int) -> None:
    place, fault, _ = MUTATIONS[name]
    patch.setattr(place, fault)
    with pytest.raises((AssertionError, FlakyFailure, IntegrityError)):
        # Found is enough: what the shortest way to it is needs no answer.
        run(template, examples=examples, steps=30, phases=[Phase.generate], derandomize=True)


@pytest.mark.parametrize("name", [name for name, (_, _, soon) in MUTATIONS.items() if soon])
def test_a_fault_is_noticed(
    name: str, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices(name, migrated_sqlite, monkeypatch, examples=20)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATIONS)
def test_each_fault_is_noticed(
    name: str, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices(name, migrated_sqlite, monkeypatch, examples=400)


@pytest.mark.soak
@pytest.mark.timeout(36_000)
def test_the_promises_hold_for_very_long(migrated_sqlite: Path) -> None:
    run(migrated_sqlite, examples=20_000, steps=50)
