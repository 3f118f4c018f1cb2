"""The ledger's first step: planned deliveries with their items, and what was left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnExpressionArgument,
    Connection,
    Select,
    column,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.store.bulk import among, insert_rows, reserve_ids
from mailer.store.ledger_tables import deliveries, delivery_items, omissions, runs

_d, _i, _o = deliveries.c, delivery_items.c, omissions.c
_DELIVERY = (
    _d.id,
    _d.kind,
    _d.key,
    _d.message_id,
    _d.run_id,
    _d.reader_id,
    _d.subscription_id,
    _d.email,
    _d.email_key,
    _d.name,
    _d.locale,
    _d.timezone,
    _d.format,
    _d.state,
    _d.not_before_at,
    _d.expires_at,
    _d.planned_at,
    _d.occasion,
)
_ITEM = (
    _i.delivery_id,
    _i.position,
    _i.reader_id,
    _i.story_id,
    _i.revision,
    _i.section,
    _i.shown,
    _i.follow_ids,
)
_OMISSION = (_o.run_id, _o.reader_id, _o.story_id, _o.why, _o.detail)


class NewItem(NamedTuple):
    """A story in a delivery about to be planned; `follow_ids` as ledger_tables says.

    A tuple whose fields stand as the last of _ITEM: dozens are written for each reader.
    """

    story_id: int
    revision: int
    section: int
    shown: str
    follow_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A row about to be planned."""

    key: str
    message_id: str
    reader_id: int
    subscription_id: int
    email: str
    email_key: str
    name: str
    locale: str
    timezone: str
    format: str
    expires_at: datetime
    items: tuple[NewItem, ...]
    # Of a letter, which has no items: why it is written.
    occasion: str = ""
    # None: at once.
    not_before_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewOmission:
    """A story a reader's follow wanted and her mail does not have."""

    reader_id: int
    story_id: int
    why: str
    detail: str


def add_planned(
    connection: Connection, run_id: int, planned: Sequence[NewDelivery], now: datetime
) -> int:
    """Add deliveries with their items, queued; those whose key is there are left alone."""
    if not planned:
        return 0
    cadence = connection.execute(select(runs.c.cadence).where(runs.c.id == run_id)).scalar_one()
    kind = Cadence(cadence).kind
    there: set[str] = set()
    for same in among(connection, deliveries.c.key, [new.key for new in planned]):
        there |= set(connection.scalars(select(deliveries.c.key).where(same)))
    added = [new for new in planned if new.key not in there]
    ids = reserve_ids(connection, deliveries, len(added))
    insert_rows(
        connection,
        _DELIVERY,
        [
            (
                delivery_id,
                kind,
                new.key,
                new.message_id,
                run_id,
                new.reader_id,
                new.subscription_id,
                new.email,
                new.email_key,
                new.name,
                new.locale,
                new.timezone,
                new.format,
                DeliveryState.QUEUED.value,
                new.not_before_at or now,
                new.expires_at,
                now,
                new.occasion,
            )
            for delivery_id, new in zip(ids, added, strict=True)
        ],
    )
    insert_rows(
        connection,
        _ITEM,
        (
            (delivery_id, position, new.reader_id, *item)
            for delivery_id, new in zip(ids, added, strict=True)
            for position, item in enumerate(new.items)
        ),
    )
    return len(added)


def add_omissions(connection: Connection, run_id: int, left_out: Sequence[NewOmission]) -> None:
    """Record why stories are not in a run's mails."""
    insert_rows(
        connection,
        _OMISSION,
        [(run_id, item.reader_id, item.story_id, item.why, item.detail) for item in left_out],
    )


def given_stories(
    connection: Connection, reader_ids: Sequence[int], story_ids: Sequence[int]
) -> dict[int, list[int]]:
    """Return, of these stories, those each reader has been given at any revision (I1)."""
    given: dict[int, list[int]] = {}
    if not story_ids or not reader_ids:
        return given
    among_stories = (
        _i.story_id.between(min(story_ids), max(story_ids)),
        # As its index has it: SQLite takes `given = 1` for another condition, and would then read
        # these stories' items of all readers.
        text("given"),
    )
    for query in _given_queries(connection, reader_ids, among_stories):
        for reader_id, story_id in connection.execute(query):
            given.setdefault(reader_id, []).append(story_id)
    return given


def _given_queries(
    connection: Connection,
    reader_ids: Sequence[int],
    conditions: Sequence[ColumnExpressionArgument[bool]],
) -> Iterator[Select[Any]]:
    if connection.dialect.name == "postgresql":
        # One look into the index for each reader, which OFFSET keeps apart: before the first
        # ANALYZE of a growing ledger PostgreSQL would rather read the stories' items of all
        # readers, for every shard again.
        wanted = literal(list(reader_ids), ARRAY(_i.reader_id.type))
        asked = (
            func.unnest(wanted)
            .table_valued(column("id", _i.reader_id.type))
            .render_derived("asked")
        )
        own = select(_i.story_id).where(_i.reader_id == asked.c.id, *conditions)
        found = own.offset(0).lateral("found")
        yield select(asked.c.id, found.c.story_id).select_from(asked).join(found, true())
        return
    for some in among(connection, _i.reader_id, reader_ids):
        yield select(_i.reader_id, _i.story_id).where(some, *conditions)
