"""Rows in bulk: typed as ever, inside the transaction, and refused as statements are."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mailer.store.bulk import among, insert_rows, reserve_ids
from mailer.store.database import Database
from mailer.store.ledger_tables import delivery_items
from mailer.store.tables import suppressions, tags
from tests.builders import NOON, at
from tests.store.rows import open_room

COLUMNS = (suppressions.c.email_key, suppressions.c.reason, suppressions.c.started_at)


def test_values_pass_through_the_types_of_their_columns(database: Database) -> None:
    awkward = "tab\t newline\n backslash \\N 'quote' é 好"
    with database.write() as connection:
        insert_rows(connection, COLUMNS, [("a@x.example", awkward, NOON), ("b", "", at(1))])
    with database.read() as connection:
        rows = connection.execute(select(*COLUMNS).order_by(suppressions.c.id)).all()
    assert [tuple(row) for row in rows] == [("a@x.example", awkward, NOON), ("b", "", at(1))]


def test_lists_become_json_and_nothing_is_no_statement(database: Database) -> None:
    room = open_room(database, readers=1)
    item = delivery_items.c
    columns = (
        *(item.delivery_id, item.position, item.reader_id, item.story_id),
        *(item.revision, item.section, item.shown, item.follow_ids),
    )
    with database.write() as connection:
        insert_rows(connection, columns, [])
        insert_rows(connection, columns, [(room.delivery_ids[0], 9, 99, 1, 7, 0, "full", (3, 4))])
        kept = connection.scalar(select(item.follow_ids).where(item.position == 9))
    assert kept == [3, 4]


def test_a_row_that_breaks_a_constraint_takes_all_with_it(database: Database) -> None:
    row = ("a@x.example", "", NOON)
    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, COLUMNS, [("b@x.example", "", NOON), row, row])
    with database.read() as connection:
        assert connection.execute(select(suppressions)).all() == []


def test_reserved_ids_are_new_and_ascend(database: Database) -> None:
    with database.write() as connection:
        first = reserve_ids(connection, tags, 3)
        insert_rows(
            connection,
            (tags.c.id, tags.c.slug, tags.c.label, tags.c.kind),
            [(number, f"t{number}", "", "topic") for number in first],
        )
        second = reserve_ids(connection, tags, 2)
        assert reserve_ids(connection, tags, 0) == []
    assert len(first) == 3
    assert first == sorted(first)
    assert min(second) > max(first)


def test_rows_are_found_among_thousands_of_values(database: Database) -> None:
    with database.write() as connection:
        insert_rows(connection, COLUMNS, [(f"{n}@x.example", "", NOON) for n in range(3)])
        found: set[str] = set()
        wanted = ["2@x.example", *(f"{n}@other.example" for n in range(1_200)), "0@x.example"]
        for condition in among(connection, suppressions.c.email_key, wanted):
            found |= set(connection.scalars(select(suppressions.c.email_key).where(condition)))
    assert found == {"0@x.example", "2@x.example"}
