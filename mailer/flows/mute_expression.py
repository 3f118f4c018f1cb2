"""A reader mutes a tag expression in all her newsletters, or takes the mute back."""

from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.expressions import canonical, parse
from mailer.errors import InputError, NotFoundError
from mailer.store.database import Database
from mailer.store.preferences import end_mute, mutes_of, start_mute
from mailer.store.readers import find_reader, lock_reader
from mailer.store.tags import read_vocabulary

MOST_MUTES = 100


def mute_expression(
    database: Database, email: str, expression: str, *, now: datetime, source: str
) -> tuple[str, bool]:
    """Mute, and return the canonical text and whether that is new.

    Raises InputError for an unknown reader or an expression that cannot be read.
    """
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        meaning = canonical(parse(expression, read_vocabulary(connection)))
        lock_reader(connection, reader.id)
        current = [mute for mute in mutes_of(connection, reader.id) if mute.ended_at is None]
        if len(current) >= MOST_MUTES:
            raise InputError(f"{reader.email} has {MOST_MUTES} mutes, the most there can be")
        added = start_mute(
            connection,
            reader.id,
            expression=expression.strip(),
            canonical=meaning,
            now=now,
            source=source,
        )
    return meaning, added


def unmute_expression(database: Database, email: str, expression: str, *, now: datetime) -> str:
    """End the mute of this meaning and return its canonical text; NotFoundError if none."""
    with database.write() as connection:
        reader = find_reader(connection, read_address(email))
        meaning = canonical(parse(expression, read_vocabulary(connection)))
        current = [mute for mute in mutes_of(connection, reader.id) if mute.ended_at is None]
        ended = [mute for mute in current if mute.canonical == meaning]
        if not ended:
            there = ", ".join(f"'{mute.canonical}'" for mute in current) or "nothing"
            raise NotFoundError(f"{reader.email} has not muted '{meaning}': she muted {there}")
        for mute in ended:
            end_mute(connection, mute.id, now)
    return meaning
