"""Everything the store has about one reader, as one document: hers to take away."""

from datetime import datetime
from typing import Any

from mailer.core.notices import Link, Occasion
from mailer.core.tokens import Purpose
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.store.database import Database
from mailer.store.leaving import find_reader_by_id
from mailer.store.reader_records import records_of


def export_reader(database: Database, reader_id: int, *, now: datetime) -> dict[str, Any]:
    """Return the document: lists of records by table, instants as ISO 8601.

    Raises NotFoundError for a reader who never was.
    """
    with database.read() as connection:
        reader = find_reader_by_id(connection, reader_id)
        records = records_of(connection, reader)
    return {"email": reader.email, "exported_at": now.isoformat(), **records}


def mail_export(desk: Desk, reader_id: int, *, now: datetime) -> None:
    """Mail her a link to the document: it is never shown where it was asked for (S24)."""
    with desk.database.write() as connection:
        reader = find_reader_by_id(connection, reader_id)
        minute = now.isoformat(timespec="minutes")
        signed = Link.signed(Purpose.EXPORT, "at", int(now.timestamp()), reader_id)
        notice = NewNotice.to(
            reader, Occasion.EXPORT, f"export:{reader_id}:{minute}", links={"export": signed}
        )
        send_notice(desk, connection, notice, now=now)
