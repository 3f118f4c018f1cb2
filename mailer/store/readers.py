"""Readers as people: finding, adding and changing them. Their preferences: store.preferences."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.addresses import Address
from mailer.core.clocks import quiet_text, read_quiet
from mailer.core.readers import MailFormat, Reader, ReaderState
from mailer.errors import NotFoundError
from mailer.store.tables import readers, suppressions


def add_reader(connection: Connection, reader: Reader, now: datetime, consent: str = "") -> int:
    """Add a reader (her `id` is not looked at) and return the id."""
    added: int = connection.execute(
        insert(readers)
        .values(
            email=reader.email,
            email_key=reader.email_key,
            name=reader.name,
            state=reader.state.value,
            locale=reader.locale,
            timezone=reader.timezone,
            hour=reader.hour,
            format=reader.format.value,
            quiet=quiet_text(reader.quiet),
            paused_until_at=reader.paused_until_at,
            created_at=now,
            consent=consent,
            confirmed_at=now if reader.state is ReaderState.CONFIRMED else None,
        )
        .returning(readers.c.id)
    ).scalar_one()
    return added


def change_reader(connection: Connection, reader: Reader, now: datetime) -> None:
    """Write a reader's settings and state; the address stays."""
    connection.execute(
        update(readers)
        .where(readers.c.id == reader.id)
        .values(
            name=reader.name,
            state=reader.state.value,
            locale=reader.locale,
            timezone=reader.timezone,
            hour=reader.hour,
            format=reader.format.value,
            quiet=quiet_text(reader.quiet),
            paused_until_at=reader.paused_until_at,
        )
    )
    if reader.state is ReaderState.CONFIRMED:
        connection.execute(
            update(readers)
            .where(readers.c.id == reader.id, readers.c.confirmed_at.is_(None))
            .values(confirmed_at=now)
        )


def change_address(connection: Connection, reader_id: int, address: Address) -> None:
    """Give a reader another address."""
    connection.execute(
        update(readers)
        .where(readers.c.id == reader_id)
        .values(email=address.shown, email_key=address.key)
    )


def look_up_reader(connection: Connection, address: Address) -> Reader | None:
    """Return the reader with this address, however it is spelled, or None."""
    row = connection.execute(
        select(readers).where(readers.c.email_key == address.key)
    ).one_or_none()
    return None if row is None else reader_of(row)


def find_reader(connection: Connection, address: Address) -> Reader:
    """Return the reader with this address; raises NotFoundError."""
    reader = look_up_reader(connection, address)
    if reader is None:
        raise NotFoundError(f"no reader '{address.shown}': add her with 'mailer readers import'")
    return reader


def list_readers(connection: Connection, after_id: int = 0, limit: int = 10_000) -> list[Reader]:
    """Return readers by id, from after `after_id` on."""
    rows = connection.execute(
        select(readers).where(readers.c.id > after_id).order_by(readers.c.id).limit(limit)
    )
    return [reader_of(row) for row in rows]


def readers_by_id(connection: Connection, reader_ids: Sequence[int]) -> dict[int, Reader]:
    """Return these readers by id; unknown ones are missing."""
    rows = connection.execute(select(readers).where(readers.c.id.in_(reader_ids)))
    return {row.id: reader_of(row) for row in rows}


def is_suppressed(connection: Connection, address: Address) -> bool:
    """Say whether this address must get nothing."""
    return bool(
        connection.scalar(
            select(
                exists().where(
                    suppressions.c.email_key == address.key, suppressions.c.ended_at.is_(None)
                )
            )
        )
    )


def lock_reader(connection: Connection, reader_id: int) -> None:
    """Hold a reader's row until the transaction ends.

    Whoever ends consent holds it, and the mark takes it shared, so that one of them waits (I5).
    SQLite has one writer at a time and needs no lock.
    """
    connection.execute(select(readers.c.id).where(readers.c.id == reader_id).with_for_update())


def suppress(
    connection: Connection, email_key: str, reason: str, evidence: str, now: datetime
) -> bool:
    """Suppress an address; False when it already was."""
    reader_id = connection.scalar(select(readers.c.id).where(readers.c.email_key == email_key))
    if reader_id is not None:
        lock_reader(connection, reader_id)
    # Two bounces of an address that no reader has may come at once: one of them does nothing.
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    added = connection.execute(
        plain(suppressions)
        .values(email_key=email_key, reason=reason, evidence=evidence, started_at=now)
        .on_conflict_do_nothing(
            index_elements=[suppressions.c.email_key], index_where=suppressions.c.ended_at.is_(None)
        )
        .returning(suppressions.c.id)
    )
    return added.one_or_none() is not None


def reader_of(row: Row[Any]) -> Reader:
    """Build a reader from a row that has the columns of `readers`."""
    return Reader(
        id=row.id,
        email=row.email,
        email_key=row.email_key,
        name=row.name,
        state=ReaderState(row.state),
        locale=row.locale,
        timezone=row.timezone,
        hour=row.hour,
        format=MailFormat(row.format),
        paused_until_at=row.paused_until_at,
        created_at=row.created_at,
        quiet=read_quiet(row.quiet),
    )
