"""Readers looked for by a part of their address or name."""

from sqlalchemy import Connection, select

from mailer.core.readers import Reader, ReaderState
from mailer.store.readers import reader_of
from mailer.store.tables import readers


def search_readers(
    connection: Connection,
    *,
    words: str = "",
    state: ReaderState | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Reader]:
    """Return readers, newest first."""
    query = select(readers).order_by(readers.c.id.desc()).limit(limit)
    if words:
        query = query.where(
            readers.c.email.icontains(words, autoescape=True)
            | readers.c.name.icontains(words, autoescape=True)
        )
    if state is not None:
        query = query.where(readers.c.state == state.value)
    if before_id is not None:
        query = query.where(readers.c.id < before_id)
    return [reader_of(row) for row in connection.execute(query)]
