"""What stands in the database, whole: to say that nothing changed."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import select

import mailer.store
from mailer.bootstrap import Installation
from mailer.store.tables import metadata

# Whatever module of the store has tables of its own: they join the metadata when it is imported.
for _module in iter_modules(mailer.store.__path__):
    if _module.name.endswith("tables"):
        import_module(f"mailer.store.{_module.name}")


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
