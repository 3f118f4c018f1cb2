"""The ledger's first step: planned deliveries with their items, and what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_tables import deliveries, delivery_items, omissions


@dataclass(frozen=True, slots=True)
class NewItem:
    """A story in a delivery about to be planned; `follow_ids` as ledger_tables says."""

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
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    added = connection.execute(
        plain(deliveries)
        .on_conflict_do_nothing(index_elements=[deliveries.c.key])
        .returning(deliveries.c.id, deliveries.c.key),
        [
            {
                "key": new.key,
                "message_id": new.message_id,
                "run_id": run_id,
                "reader_id": new.reader_id,
                "subscription_id": new.subscription_id,
                "email": new.email,
                "email_key": new.email_key,
                "name": new.name,
                "locale": new.locale,
                "timezone": new.timezone,
                "format": new.format,
                "state": DeliveryState.QUEUED.value,
                "not_before_at": new.not_before_at or now,
                "expires_at": new.expires_at,
                "planned_at": now,
            }
            for new in planned
        ],
    ).all()
    id_of = {key: delivery_id for delivery_id, key in added}
    rows = [
        {
            "delivery_id": id_of[new.key],
            "position": position,
            "reader_id": new.reader_id,
            "story_id": item.story_id,
            "revision": item.revision,
            "section": item.section,
            "shown": item.shown,
            "follow_ids": list(item.follow_ids),
        }
        for new in planned
        if new.key in id_of
        for position, item in enumerate(new.items)
    ]
    if rows:
        connection.execute(insert(delivery_items), rows)
    return len(id_of)


def add_omissions(connection: Connection, run_id: int, left_out: Sequence[NewOmission]) -> None:
    """Record why stories are not in a run's mails."""
    if left_out:
        connection.execute(
            insert(omissions),
            [
                {
                    "run_id": run_id,
                    "reader_id": item.reader_id,
                    "story_id": item.story_id,
                    "why": item.why,
                    "detail": item.detail,
                }
                for item in left_out
            ],
        )


def given_stories(
    connection: Connection, reader_ids: Sequence[int], story_ids: Sequence[int]
) -> dict[int, list[int]]:
    """Return, of these stories, those each reader has been given at any revision (I1)."""
    given: dict[int, list[int]] = {}
    if not story_ids:
        return given
    for start in range(0, len(reader_ids), 500):
        rows = connection.execute(
            select(delivery_items.c.reader_id, delivery_items.c.story_id).where(
                delivery_items.c.reader_id.in_(reader_ids[start : start + 500]),
                delivery_items.c.story_id.between(min(story_ids), max(story_ids)),
                # As its index has it: SQLite takes `given = 1` for another condition, and would
                # then read these stories' items of all readers.
                text("given"),
            )
        )
        for reader_id, story_id in rows:
            given.setdefault(reader_id, []).append(story_id)
    return given
