"""What stands in the database, whole: to say that nothing changed."""

from typing import Any

from sqlalchemy import select

from mailer.bootstrap import Installation
from mailer.store import operator_tables, reader_tables  # noqa: F401 - their tables join
from mailer.store.tables import metadata


def everything(room: Installation) -> dict[str, list[Any]]:
    """Every row of every table."""
    with room.desk.database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


def changed(room: Installation, before: dict[str, list[Any]]) -> set[str]:
    """The names of the tables whose rows differ."""
    return {name for name, rows in everything(room).items() if rows != before[name]}
