"""Rows in bulk: COPY on PostgreSQL, one prepared statement on SQLite.

Planning writes a dozen rows a reader. A mail of 15 items took 570 µs of the planner's time through
SQLAlchemy's statements on PostgreSQL, and takes 70 µs like this. Values still pass through the
columns' types, and everything happens in the connection's own transaction.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Table,
    any_,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

_Process = Callable[[Any], Any]
# SQLite's own limit on parameters is far higher; a plan is made for each length.
_AT_ONCE = 500
# Rows of one batch share moments and lists of follows.
_REMEMBERED = 256


def insert_rows(
    connection: Connection, columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows into the table of these columns; values stand in the columns' order.

    Defaults that Python would compute are not: name those columns. Values are hashable: tuples,
    not lists, for JSON. Raises SQLAlchemy's errors.
    """
    table = columns[0].table
    names = ", ".join(column.name for column in columns)
    processes = [_process_of(connection, column) for column in columns]
    changing = [(i, process) for i, process in enumerate(processes) if process is not None]
    ready = _processed(rows, changing)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", ready)
        return
    places = ", ".join("?" * len(columns))
    found = list(ready)
    if found:
        words = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - our own names
        connection.exec_driver_sql(words, found)


def update_rows(
    connection: Connection, key: Column[Any], values: Mapping[Column[Any], Sequence[Any]]
) -> None:
    """Give each row found by its key values of its own; `values` has the keys too.

    One statement on PostgreSQL however many they are.
    """
    table, own = key.table, [each for each in values if each is not key]
    if connection.dialect.name == "postgresql":
        lists = [
            bindparam(f"{each.name}s", values[each], type_=ARRAY(each.type)) for each in values
        ]
        names = [column(each.name, each.type) for each in values]
        given = func.unnest(*lists).table_valued(*names).render_derived(name="given")
        changes = {each.name: given.c[each.name] for each in own}
        connection.execute(update(table).where(key == given.c[key.name]).values(changes))
        return
    places: dict[str, Any] = {each.name: bindparam(f"own_{each.name}") for each in own}
    connection.execute(
        update(table).where(key == bindparam("own_key")).values(places),
        [
            {"own_key": found, **{f"own_{each.name}": values[each][at] for each in own}}
            for at, found in enumerate(values[key])
        ],
    )


def reserve_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Return ids for so many rows to come, ascending; no other transaction gets them.

    On SQLite this transaction must be a writing one, which is alone.
    """
    if connection.dialect.name == "postgresql":
        one = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return sorted(connection.scalars(select(one).select_from(func.generate_series(1, count))))
    last = connection.scalar(select(func.max(table.c.id))) or 0
    return list(range(last + 1, last + 1 + count))


def among(
    connection: Connection, column: ColumnElement[Any], values: Sequence[Any]
) -> Iterable[ColumnElement[bool]]:
    """Yield conditions that together hold for the rows whose column has one of the values.

    One on PostgreSQL, where an array is one parameter; elsewhere one for each few hundred.
    """
    if connection.dialect.name == "postgresql":
        yield column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))
        return
    for start in range(0, len(values), _AT_ONCE):
        yield column.in_(values[start : start + _AT_ONCE])


def _process_of(connection: Connection, column: Column[Any]) -> _Process | None:
    """Return what turns a value into the driver's; what was turned lately is remembered."""
    if isinstance(column.type, JSON):
        # As text on both databases: COPY reads it, and a wrapper would be written for every row.
        return lru_cache(_REMEMBERED)(json.dumps)
    process = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return None if process is None else lru_cache(_REMEMBERED)(process)


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    # SQLAlchemy has loaded it for this connection; a newsroom on SQLite never waits for it.
    import psycopg  # noqa: PLC0415

    proxy = connection.connection
    driver = cast("psycopg.Connection[Any]", proxy.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # As a statement of SQLAlchemy's would have raised it, so that callers know one kind.
        gone = connection.dialect.is_disconnect(cast(Any, error), proxy, None)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            psycopg.Error,
            connection_invalidated=gone,
            dialect=connection.dialect,
        ) from error


def _processed(
    rows: Iterable[Sequence[Any]], changing: Sequence[tuple[int, _Process]]
) -> Iterable[tuple[Any, ...]]:
    for row in rows:
        values = list(row)
        for i, process in changing:
            values[i] = process(values[i])
        yield tuple(values)
