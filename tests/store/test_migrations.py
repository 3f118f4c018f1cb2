"""The migrated schema: the one the tables describe, with a trigger that keeps the arrows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from mailer.core.deliveries import ARROWS, DeliveryState
from mailer.errors import InputError
from mailer.store.database import MIGRATIONS, Database, newest_revision, upgrade
from mailer.store.ledger_tables import deliveries
from mailer.store.tables import metadata
from tests.servers.postgres import PostgresServer
from tests.store.rows import open_room


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the same kind without any table."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create()
        yield url
        server.drop(url)


def told(fact: Any) -> Any:
    """A reflected fact as plain values that compare."""
    if isinstance(fact, dict):
        return {name: told(value) for name, value in fact.items()}
    return [told(value) for value in fact] if isinstance(fact, list) else str(fact)


def shape(connection: Connection) -> dict[str, Any]:
    """What the database says about our tables: for each its columns, keys and indexes."""
    seen = inspect(connection)
    ask = (
        seen.get_columns,
        seen.get_foreign_keys,
        seen.get_unique_constraints,
        seen.get_indexes,
    )
    return {
        table: [told(seen.get_pk_constraint(table))]
        + [sorted(map(told, facts(table)), key=str) for facts in ask]
        for table in metadata.tables
    }


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    database = Database.open(database_url)
    with database.read() as connection:
        before = shape(connection)
    upgrade(database_url)
    with database.read() as connection:
        assert shape(connection) == before
    database.require_current()
    database.close()


def test_an_empty_database_is_told_from_a_migrated_one(empty_url: str) -> None:
    database = Database.open(empty_url)
    with pytest.raises(InputError, match=r"is empty, not at .*: run 'mailer db upgrade'"):
        database.require_current()
    upgrade(empty_url)
    database.require_current()
    database.close()


def checks(connection: Connection) -> set[tuple[str, str]]:
    seen = inspect(connection)
    return {
        (str(check["name"]), str(check["sqltext"]))
        for table in metadata.tables
        for check in seen.get_check_constraints(table)
    }


@pytest.mark.parametrize("facts", [shape, checks])
def test_migrating_makes_what_the_tables_describe(
    database_url: str, empty_url: str, facts: Callable[[Connection], object]
) -> None:
    migrated, described = Database.open(database_url), Database.open(empty_url)
    with migrated.read() as one, described.write() as other:
        metadata.create_all(other)
        assert facts(one) == facts(other)
        # Which foreign keys there are depends on the database: `shape` compares those.
        context = MigrationContext.configure(
            one, opts={"include_object": lambda _, __, kind, *___: kind != "foreign_key_constraint"}
        )
        assert compare_metadata(context, metadata) == []
    migrated.close()
    described.close()


def moves(connection: Connection, start: DeliveryState, target: DeliveryState) -> bool:
    """Say whether the database lets the only delivery, once in a state, move to another."""
    row = connection.execute(select(deliveries)).one()._asdict()
    other = {**row, "id": row["id"] + 1, "key": "other", "message_id": "other", "state": start}
    attempt = connection.begin_nested()
    connection.execute(insert(deliveries), other)
    try:
        connection.execute(
            update(deliveries).where(deliveries.c.key == "other").values(state=target.value)
        )
    except IntegrityError as error:
        if "the ledger forbids this move of a delivery" not in str(error):
            raise
        return False
    finally:
        attempt.rollback()
    return True


def test_the_database_allows_exactly_the_arrows(database: Database) -> None:
    open_room(database, readers=1)
    with database.write() as connection:
        allowed = {
            (start, target)
            for start in DeliveryState
            for target in DeliveryState
            if moves(connection, start, target)
        }
    arrows = {(start, target) for start, targets in ARROWS.items() for target in targets}
    assert allowed == arrows | {(state, state) for state in DeliveryState}


@pytest.mark.parametrize("state", ["", "sent", "QUEUED"])
def test_a_state_nobody_knows_is_refused(database: Database, state: str) -> None:
    open_room(database, readers=1)
    with database.write() as connection:
        row = connection.execute(select(deliveries)).one()._asdict()
        other = {**row, "id": 99, "key": "other", "message_id": "other", "state": state}
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(insert(deliveries), other)


def test_the_newest_revision_by_name_is_the_one_alembic_would_end_at() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert newest_revision() == ScriptDirectory.from_config(config).get_current_head()
