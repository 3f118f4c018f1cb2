"""Editions: kept by the name of their content, found by run, locale and format."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.store.database import Database
from mailer.store.edition_tables import edition_contents, editions
from mailer.store.ledger_tables import deliveries, delivery_items

_COMPILE_LOCK = 0x6564  # A name of our own among the locks of a database: "ed".
# Rows looked at to find what a run tells: popular stories are in the first mails already.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class StoredEditions:
    """The editions of a run's mails of one locale and format; `reason` when they go plainly."""

    packed: tuple[bytes, ...] = ()
    reason: str = ""


def read_editions(connection: Connection, run_id: int, locale: str, format: str) -> StoredEditions:
    """Return what was compiled for these mails, in the order it came."""
    rows = connection.execute(
        select(editions.c.reason, edition_contents.c.content)
        .outerjoin_from(editions, edition_contents)
        .where(
            editions.c.run_id == run_id, editions.c.locale == locale, editions.c.format == format
        )
        .order_by(editions.c.number)
    ).all()
    return StoredEditions(
        tuple(bytes(row.content) for row in rows if row.content is not None),
        next((row.reason for row in rows if row.reason), ""),
    )


def edition_names(connection: Connection, run_id: int, locale: str, format: str) -> set[str]:
    """Return the names of what was compiled for these mails, which tell its content."""
    names = connection.scalars(
        select(editions.c.name).where(
            editions.c.run_id == run_id, editions.c.locale == locale, editions.c.format == format
        )
    )
    return {name for name in names if name is not None}


def add_edition(
    connection: Connection,
    run_id: int,
    locale: str,
    format: str,
    *,
    name: str | None = None,
    packed: bytes = b"",
    reason: str = "",
    now: datetime,
) -> None:
    """Store an edition, or the reason why there is none; the same one again is no change."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    of_these = (
        editions.c.run_id == run_id,
        editions.c.locale == locale,
        editions.c.format == format,
    )
    if name is not None:
        connection.execute(
            plain(edition_contents)
            .values(name=name, content=packed, stored_at=now)
            # Held until this edition names it: a purge must not take it away in between.
            .on_conflict_do_update(index_elements=["name"], set_={"stored_at": now})
        )
        there = select(editions.c.number).where(*of_these, editions.c.name == name)
        if connection.scalar(there) is not None:
            return
    last = connection.scalar(select(func.max(editions.c.number)).where(*of_these))
    connection.execute(
        plain(editions)
        .values(
            run_id=run_id,
            locale=locale,
            format=format,
            number=0 if last is None else last + 1,
            name=name,
            reason=reason,
            made_at=now,
        )
        # Another worker was quicker: what it lacks is compiled again when it is needed.
        .on_conflict_do_nothing()
    )


@contextmanager
def compiling_alone(database: Database, run_id: int) -> Iterator[None]:
    """Let one process at a time compile for a run: the others wait for what it stores.

    A process that dies lets go of it. On SQLite there is one process, whose threads have a lock.
    """
    if database.is_sqlite:
        yield
        return
    with database.read() as connection:
        # Waiting and compiling are no idling: nothing is locked that anybody else asks for.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        lock = func.pg_advisory_xact_lock(_COMPILE_LOCK, run_id % 2**31)
        connection.execute(select(lock))
        yield


def stories_told(connection: Connection, run_id: int) -> list[tuple[int, int]]:
    """Return (story id, revision) of what the first mails of a run tell."""
    first = (
        select(deliveries.c.id)
        .where(deliveries.c.run_id == run_id)
        .order_by(deliveries.c.id)
        .limit(_LOOKED_AT)
        .subquery()
    )
    rows = connection.execute(
        select(delivery_items.c.story_id, delivery_items.c.revision)
        .join_from(delivery_items, first, delivery_items.c.delivery_id == first.c.id)
        .distinct()
        .order_by(delivery_items.c.story_id, delivery_items.c.revision)
    )
    return [(row.story_id, row.revision) for row in rows]


def plain_run_count(connection: Connection, since: datetime) -> int:
    """Return how many runs since then have mails that go the plain way."""
    return (
        connection.scalar(
            select(func.count(editions.c.run_id.distinct())).where(
                editions.c.made_at >= since, editions.c.reason != ""
            )
        )
        or 0
    )


def plain_reasons(connection: Connection, run_id: int) -> list[tuple[str, str, str]]:
    """Return (locale, format, reason) of the mails of a run that go the plain way."""
    rows = connection.execute(
        select(editions.c.locale, editions.c.format, editions.c.reason)
        .where(editions.c.run_id == run_id, editions.c.reason != "")
        .order_by(editions.c.locale, editions.c.format)
    )
    return [(row.locale, row.format, row.reason) for row in rows]
