"""The whole newsroom, row by row: to give it away, and to take it into an empty database.

Not the ledger: what was sent stays where it was sent. The cursors of follows travel, so that
nobody is told again what she was told before.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, exists, func, insert, select, text, update

from mailer.core.readers import ReaderState
from mailer.errors import InputError
from mailer.store.columns import Instant
from mailer.store.tables import (
    follows,
    mutes,
    newsletters,
    readers,
    schedules,
    stories,
    story_revisions,
    story_tags,
    subscriptions,
    suppressions,
    tag_aliases,
    tags,
)

# Parents before those that refer to them.
WHOLE: Mapping[str, Table] = {
    "tags": tags,
    "tag_aliases": tag_aliases,
    "newsletters": newsletters,
    "schedules": schedules,
    "stories": stories,
    "story_revisions": story_revisions,
    "story_tags": story_tags,
    "readers": readers,
    "subscriptions": subscriptions,
    "follows": follows,
    "mutes": mutes,
    "suppressions": suppressions,
}
_AT_ONCE = 1000


def count_whole(connection: Connection) -> dict[str, int]:
    """Return how many rows each kind has."""
    return {
        name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
        for name, table in WHOLE.items()
    }


def as_one_moment(connection: Connection) -> None:
    """Let all that is read from now on be as of one moment; SQLite's reads are by themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def whole_rows(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    """Yield all rows of a kind in the order of their keys, as plain values of JSON."""
    table = WHOLE[name]
    keys = list(table.primary_key.columns)
    query = select(table).order_by(*keys).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(query).mappings():
        yield {name: _plain(value) for name, value in row.items()}


def readers_in_words(
    connection: Connection, *only: ColumnElement[bool]
) -> Iterator[tuple[Any, ...]]:
    """Yield readers as people read them: address, name, state, settings, consent.

    `only` narrows them; erased ones are never among them.
    """
    of = readers.c
    query = (
        select(
            of.email,
            of.name,
            of.state,
            of.locale,
            of.timezone,
            of.hour,
            of.format,
            of.quiet,
            of.consent,
            of.consent_source,
            of.consented_at,
            of.created_at,
        )
        .where(of.state != ReaderState.ERASED.value, *only)
        .order_by(of.id)
    )
    yield from _in_words(connection, query)


def follows_in_words(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Yield current follows: address, newsletter, expression, cadence, since, source, consent."""
    query = (
        select(
            readers.c.email,
            newsletters.c.slug,
            follows.c.expression,
            follows.c.cadence,
            follows.c.started_at,
            subscriptions.c.source,
            subscriptions.c.consent,
        )
        .join_from(follows, subscriptions)
        .join(readers, readers.c.id == subscriptions.c.reader_id)
        .join(newsletters, newsletters.c.id == subscriptions.c.newsletter_id)
        .where(follows.c.ended_at.is_(None), subscriptions.c.ended_at.is_(None))
        .order_by(follows.c.id)
    )
    yield from _in_words(connection, query)


def suppressions_in_words(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Yield current suppressions: address, reason, evidence, since."""
    of = suppressions.c
    query = (
        select(of.email_key, of.reason, of.evidence, of.started_at)
        .where(of.ended_at.is_(None))
        .order_by(of.id)
    )
    yield from _in_words(connection, query)


def require_empty(connection: Connection) -> None:
    """Raise InputError when anything stands where a whole newsroom would go."""
    for name, table in WHOLE.items():
        if connection.scalar(select(exists(select(1).select_from(table)))):
            raise InputError(
                f"the database has {name.replace('_', ' ')} already: a whole export goes into an "
                "empty one; take readers alone with 'mailer readers import readers.csv'"
            )


def add_whole_rows(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows of a kind as they were given; raises InputError for columns we do not have.

    What refers to another row of the same kind, which may come later, is left to `tie_whole_rows`.
    """
    table = WHOLE[name]
    own = _own_references(table)
    instants = {c.name for c in table.columns if isinstance(c.type, Instant)}
    batch = []
    for row in rows:
        if odd := sorted(set(row) - set(table.columns.keys())):
            raise InputError(f"{name} has no '{odd[0]}': this export is of a newer mailer")
        batch.append(
            {
                column: datetime.fromisoformat(value) if column in instants and value else value
                for column, value in row.items()
                if column not in own
            }
        )
    if batch:
        connection.execute(insert(table), batch)


def tie_whole_rows(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Let rows that are all there refer to one another."""
    table = WHOLE[name]
    for column in _own_references(table):
        for row in rows:
            if row.get(column) is not None:
                connection.execute(
                    update(table).where(table.c.id == row["id"]).values({column: row[column]})
                )


def _own_references(table: Table) -> list[str]:
    return [c.name for c in table.columns if any(k.column.table is table for k in c.foreign_keys)]


def count_on(connection: Connection) -> None:
    """Let ids count on from those that were added."""
    if connection.dialect.name != "postgresql":
        return
    for name, table in WHOLE.items():
        if "id" in table.columns:
            last = connection.scalar(select(func.max(table.c.id)))
            if last is not None:
                sequence = func.pg_get_serial_sequence(name, "id")
                connection.execute(select(func.setval(sequence, last)))


def _in_words(connection: Connection, query: Any) -> Iterator[tuple[Any, ...]]:
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield tuple("" if value is None else _plain(value) for value in row)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
