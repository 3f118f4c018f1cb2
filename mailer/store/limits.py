"""Limits: taking one use of each of several, or of none."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.limits import Limit
from mailer.store.reader_tables import limits

_MOST_FORGOTTEN = 100


def take(connection: Connection, wanted: Sequence[tuple[Limit, str]], now: datetime) -> str | None:
    """Use each limit once for its subject (a keyed hash), and return None.

    Return the name of the first that allows no more: then none was used.
    """
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    uses: dict[str, datetime] = {}
    # In one order, so that two transactions never wait for each other.
    for key, limit in sorted(
        ((f"{limit.name}:{subject}", limit) for limit, subject in wanted), key=itemgetter(0)
    ):
        connection.execute(plain(limits).values(key=key, full_at=now).on_conflict_do_nothing())
        full_at = connection.scalar(
            select(limits.c.full_at).where(limits.c.key == key).with_for_update()
        )
        after = limit.use(full_at, now)
        if after is None:
            return limit.name
        uses[key] = after
    for key, after in uses.items():
        connection.execute(update(limits).where(limits.c.key == key).values(full_at=after))
    return None


def forget_full(connection: Connection, now: datetime) -> None:
    """Forget some buckets that are full again: they allow the same without being remembered."""
    some = (
        select(limits.c.key)
        .where(limits.c.full_at < now)
        .limit(_MOST_FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    connection.execute(delete(limits).where(limits.c.key.in_(some)))
