"""Imports of readers: the row, and its file in pieces. Its lines: store.import_lines."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from mailer.core.reader_imports import (
    FORGOTTEN,
    KEPT,
    LEASE,
    Found,
    ImportState,
    ReaderImport,
    Reading,
)
from mailer.errors import NotFoundError
from mailer.store.import_lines import forget_rejects
from mailer.store.import_tables import (
    import_lines,
    import_pieces,
    import_rejects,
    reader_imports,
)

_AT_WORK = [state.value for state in ImportState if state.is_at_work]
_OPEN = [state.value for state in ImportState if not state.is_over]


def open_import(
    connection: Connection,
    *,
    name: str,
    actor: str,
    state: ImportState,
    confirmed: bool,
    consent: str,
    reading: Reading,
    size_bytes: int,
    now: datetime,
) -> int:
    """Begin an import and return its id."""
    new = insert(reader_imports).values(
        name=name,
        actor=actor,
        state=state.value,
        confirmed=confirmed,
        consent=consent,
        reading=_reading_json(reading),
        size_bytes=size_bytes,
        found=_found_json(Found()),
        notes=[],
        created_at=now,
        waiting_since_at=now,
    )
    return int(connection.execute(new.returning(reader_imports.c.id)).scalar_one())


def find_import(connection: Connection, import_id: int) -> ReaderImport:
    """Return an import; raises NotFoundError."""
    row = connection.execute(
        select(reader_imports).where(reader_imports.c.id == import_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no import {import_id}")
    return _import(row)


def list_imports(
    connection: Connection, *, before_id: int | None = None, limit: int = 50
) -> list[ReaderImport]:
    """Return imports, newest first."""
    query = select(reader_imports).order_by(reader_imports.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(reader_imports.c.id < before_id)
    return [_import(row) for row in connection.execute(query)]


def claim_import(
    connection: Connection, token: str, now: datetime, import_id: int | None = None
) -> ReaderImport | None:
    """Take the import that waits longest, or this one, for one worker; None when there is none."""
    free = or_(reader_imports.c.lease_until_at.is_(None), reader_imports.c.lease_until_at <= now)
    waiting = select(reader_imports.c.id).where(reader_imports.c.state.in_(_AT_WORK), free)
    if import_id is not None:
        waiting = waiting.where(reader_imports.c.id == import_id)
    first = waiting.order_by(reader_imports.c.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(
        update(reader_imports)
        .where(reader_imports.c.id.in_(first.scalar_subquery()), free)
        .values(lease_token=token, lease_until_at=now + LEASE, waiting_since_at=None)
        .returning(reader_imports)
    ).one_or_none()
    return None if row is None else _import(row)


def imports_wait(connection: Connection, now: datetime) -> bool:
    """Say whether an import waits for a worker; quicker asked than claimed in vain."""
    free = or_(reader_imports.c.lease_until_at.is_(None), reader_imports.c.lease_until_at <= now)
    waiting = select(reader_imports.c.id).where(reader_imports.c.state.in_(_AT_WORK), free)
    return connection.scalar(waiting.limit(1)) is not None


def imports_in_hand(connection: Connection, now: datetime) -> bool:
    """Say whether a worker has an import: others wait for it then."""
    held = select(reader_imports.c.id).where(
        reader_imports.c.state.in_(_AT_WORK), reader_imports.c.lease_until_at > now
    )
    return connection.scalar(held.limit(1)) is not None


def keep_import(connection: Connection, import_id: int, token: str, **values: Any) -> bool:
    """Write how far an import is; False when it is in other hands, or was cancelled."""
    if "found" in values:
        values["found"] = _found_json(values["found"])
    kept = connection.execute(
        update(reader_imports)
        .where(
            reader_imports.c.id == import_id,
            reader_imports.c.lease_token == token,
            reader_imports.c.state.in_(_OPEN),
        )
        .values(values)
    )
    return kept.rowcount > 0


def turn_import(
    connection: Connection,
    import_id: int,
    states: Sequence[ImportState],
    to: ImportState,
    **values: Any,
) -> bool:
    """Bring an import from one of these states to another; False when it is in none of them."""
    if "reading" in values:
        values["reading"] = _reading_json(values["reading"])
    turned = connection.execute(
        update(reader_imports)
        .where(
            reader_imports.c.id == import_id,
            reader_imports.c.state.in_([state.value for state in states]),
        )
        .values(state=to.value, lease_token=None, lease_until_at=None, **values)
    )
    return turned.rowcount > 0


def add_piece(connection: Connection, import_id: int, position: int, content: bytes) -> None:
    """Keep a piece of the file."""
    connection.execute(
        insert(import_pieces).values(import_id=import_id, position=position, content=content)
    )


def read_piece(connection: Connection, import_id: int, position: int) -> bytes:
    """Return a piece of the file; empty behind the last."""
    found = connection.scalar(
        select(import_pieces.c.content).where(
            import_pieces.c.import_id == import_id, import_pieces.c.position == position
        )
    )
    return bytes(found or b"")


def forget_file(connection: Connection, import_id: int) -> None:
    """Let go of the file and of who stood in which line."""
    for table in (import_pieces, import_lines):
        connection.execute(delete(table).where(table.c.import_id == import_id))


def forget_import(connection: Connection, import_id: int) -> None:
    """Let go of an import as if it had never been."""
    forget_file(connection, import_id)
    forget_rejects(connection, import_id)
    connection.execute(delete(reader_imports).where(reader_imports.c.id == import_id))


def purge_imports(connection: Connection, now: datetime) -> None:
    """Let go of rejected lines nobody came back for, and of files nobody wanted taken."""
    left = connection.scalars(
        select(reader_imports.c.id).where(
            reader_imports.c.state == ImportState.CHECKED.value,
            reader_imports.c.created_at < now - FORGOTTEN,
        )
    ).all()
    for import_id in left:
        turn_import(
            connection, import_id, [ImportState.CHECKED], ImportState.CANCELLED, ended_at=now
        )
        forget_file(connection, import_id)
    old = select(reader_imports.c.id).where(reader_imports.c.created_at < now - KEPT)
    connection.execute(delete(import_rejects).where(import_rejects.c.import_id.in_(old)))


def _reading_json(reading: Reading) -> dict[str, object]:
    return {
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "columns": dict(reading.columns),
    }


def _found_json(found: Found) -> dict[str, object]:
    return {
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "header": list(found.header),
        "places": dict(found.places),
        "sample": [list(cells) for cells in found.sample],
    }


def _found(json: dict[str, Any]) -> Found:
    return Found(
        encoding=json["encoding"],
        delimiter=json["delimiter"],
        header=tuple(json["header"]),
        places=json["places"],
        sample=tuple(tuple(cells) for cells in json["sample"]),
    )


def _import(row: Row[Any]) -> ReaderImport:
    return ReaderImport(
        id=row.id,
        name=row.name,
        actor=row.actor,
        state=ImportState(row.state),
        confirmed=row.confirmed,
        consent=row.consent,
        reading=Reading(**row.reading),
        size_bytes=row.size_bytes,
        done_bytes=row.done_bytes,
        record_count=row.record_count,
        new_count=row.new_count,
        updated_count=row.updated_count,
        unchanged_count=row.unchanged_count,
        rejected_count=row.rejected_count,
        found=_found(row.found),
        notes=tuple(row.notes),
        error=row.error,
        created_at=row.created_at,
        ended_at=row.ended_at,
        # A worker that dies leaves its lease behind.
        free_from_at=row.waiting_since_at or row.lease_until_at,
    )
