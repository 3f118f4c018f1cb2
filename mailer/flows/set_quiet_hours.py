"""A reader chooses hours in which no alert is sent."""

from dataclasses import replace
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.clocks import read_quiet
from mailer.store.database import Database
from mailer.store.readers import change_reader, find_reader, lock_reader


def set_quiet_hours(database: Database, email: str, hours: str, *, now: datetime) -> None:
    """Set quiet hours such as "22:00-07:00" by her own clock, or "off"; raises InputError."""
    quiet = read_quiet(hours)
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        lock_reader(connection, reader.id)
        change_reader(connection, replace(reader, quiet=quiet), now)
