"""Readers looked for by a part of their address or name: a page of them, or all as text."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from mailer.core.readers import Reader, ReaderState
from mailer.store.readers import reader_of
from mailer.store.tables import readers
from mailer.store.whole import readers_in_words

_IS_THERE = readers.c.state != ReaderState.ERASED.value


def search_readers(
    connection: Connection,
    *,
    words: str = "",
    state: ReaderState | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Reader]:
    """Return readers, newest first."""
    query = select(readers).where(*_found(words, state))
    query = query.order_by(readers.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(readers.c.id < before_id)
    return [reader_of(row) for row in connection.execute(query)]


def count_found(
    connection: Connection, *, words: str = "", state: ReaderState | None = None
) -> int:
    """Count the readers a search finds; erased ones have no words left and are not counted."""
    query = select(func.count()).select_from(readers).where(*_found(words, state), _IS_THERE)
    return connection.scalar(query) or 0


def found_page(
    connection: Connection, *, words: str, state: ReaderState | None, after_id: int, limit: int
) -> tuple[list[tuple[Any, ...]], int | None]:
    """Return a page of what a search finds as people read it, oldest first, and its last id.

    None instead of the id: there are no more.
    """
    ids = list(
        connection.scalars(
            select(readers.c.id)
            .where(*_found(words, state), _IS_THERE, readers.c.id > after_id)
            .order_by(readers.c.id)
            .limit(limit)
        )
    )
    rows = list(readers_in_words(connection, readers.c.id.in_(ids))) if ids else []
    return rows, ids[-1] if len(ids) == limit else None


def _found(words: str, state: ReaderState | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if words:
        conditions.append(
            readers.c.email.icontains(words, autoescape=True)
            | readers.c.name.icontains(words, autoescape=True)
        )
    if state is not None:
        conditions.append(readers.c.state == state.value)
    return conditions
