"""A reader has no mail until a day; what she missed comes in the first mail after it."""

from dataclasses import replace
from datetime import date, datetime, time

from mailer.core.addresses import read_address
from mailer.core.clocks import first_instant, zone_named
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.store.audit import record_change
from mailer.store.database import Database
from mailer.store.readers import change_reader, find_reader, lock_reader


def pause_reader(
    database: Database, email: str, until: str, *, actor: str, now: datetime
) -> datetime | None:
    """Pause a reader until a day by her own clock, or "off" to end it; return until when.

    Raises InputError for what is no day to come, NotFoundError for a reader nobody knows.
    """
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        ends_at = None if until == "off" else _start_of(until, reader.timezone)
        if ends_at is not None and ends_at <= now:
            raise InputError(f"{until} has begun where she lives: name a day to come, or 'off'")
        lock_reader(connection, reader.id)
        change_reader(connection, replace(reader, paused_until_at=ends_at), now)
        record_change(
            connection,
            actor=actor,
            action="reader paused" if ends_at else "pause ended",
            subject=f"reader {reader.email}",
            detail=f"until {ends_at.isoformat()}" if ends_at else "",
            now=now,
        )
    return ends_at


def _start_of(day: str, timezone: str) -> datetime:
    """Return when a day begins in a zone."""
    try:
        wall = datetime.combine(date.fromisoformat(day.strip()), time())
        return first_instant(wall, zone_named(timezone))
    except (ValueError, OverflowError) as error:
        shown = clean_header(day, 40)
        raise InputError(f"'{shown}' is no day: write it like 2026-12-24, or 'off'") from error
