"""The ledger, read: lists, one delivery with its history, and letters rebuilt from rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, Text, cast, func, literal, select

from mailer.core.deliveries import DeliveryState, MailKind
from mailer.core.notices import Occasion, Told
from mailer.core.readers import Cadence, MailFormat
from mailer.errors import NotFoundError
from mailer.store.bulk import among
from mailer.store.ledger_tables import (
    deliveries,
    delivery_events,
    delivery_items,
    omissions,
    runs,
)
from mailer.store.tables import newsletters, stories

_DOUBTFUL = [
    literal(state.value, literal_execute=True)
    for state in (DeliveryState.IN_DOUBT, DeliveryState.HELD)
]


class ItemRow(NamedTuple):
    """A story in a delivery, as the ledger has it.

    Not a dataclass: a batch reads a thousand, and a frozen one takes five times as long to make.
    """

    position: int
    story_id: int
    uid: str
    revision: int
    section: int
    shown: str
    follow_ids: tuple[int, ...]
    given: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of a delivery's history."""

    at: datetime
    event: str
    code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as the ledger has it, with its items.

    A notice has no run and no cadence, but an occasion; its `as_of` is when it was written, its
    newsletter may be none ("") and its reader a stranger.
    """

    id: int
    kind: MailKind
    key: str
    message_id: str
    run_id: int | None
    newsletter_id: int | None
    newsletter: str
    cadence: Cadence | None
    as_of: datetime
    reader_id: int | None
    subscription_id: int | None
    email: str
    name: str
    locale: str
    timezone: str
    format: MailFormat
    state: DeliveryState
    state_reason: str
    attempt_count: int
    not_before_at: datetime
    expires_at: datetime
    reply_code: int | None
    reply: str
    planned_at: datetime
    settled_at: datetime | None
    items: tuple[ItemRow, ...]
    resend_count: int
    occasion: Occasion | None
    told: Told | None
    thread: tuple[str, ...]

    @property
    def what(self) -> str:
        """Say in a word or two what this mail is: "daily digest", "alert", "confirmation"."""
        if self.occasion is not None:
            return self.occasion
        return "alert" if self.kind is MailKind.ALERT else f"{self.cadence} {self.kind}"


def read_deliveries(connection: Connection, delivery_ids: Sequence[int]) -> list[DeliveryRow]:
    """Return these deliveries by id; unknown ids are missing."""
    return _rows(connection, _query().where(deliveries.c.id.in_(delivery_ids)))


def list_deliveries(
    connection: Connection,
    *,
    run_id: int | None = None,
    reader_id: int | None = None,
    state: DeliveryState | None = None,
    kind: MailKind | None = None,
    after_id: int = 0,
    limit: int = 1000,
) -> list[DeliveryRow]:
    """Return deliveries by id from after `after_id` on, narrowed by what is given."""
    query = _query().where(deliveries.c.id > after_id).limit(limit)
    if run_id is not None:
        query = query.where(deliveries.c.run_id == run_id)
    if reader_id is not None:
        query = query.where(deliveries.c.reader_id == reader_id)
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    if kind is not None:
        query = query.where(deliveries.c.kind == kind.value)
    return _rows(connection, query)


def doubtful_deliveries(connection: Connection, limit: int = 1000) -> list[DeliveryRow]:
    """Return the deliveries that wait for an operator: in doubt or held, by id."""
    return _rows(connection, _query().where(deliveries.c.state.in_(_DOUBTFUL)).limit(limit))


def doubtful_count(connection: Connection) -> int:
    """Return how many there are."""
    count: int = connection.execute(
        select(func.count()).where(deliveries.c.state.in_(_DOUBTFUL))
    ).scalar_one()
    return count


def states_of(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, DeliveryState]:
    """Return where these deliveries stand now."""
    rows = connection.execute(
        select(deliveries.c.id, deliveries.c.state).where(deliveries.c.id.in_(delivery_ids))
    )
    return {delivery_id: DeliveryState(state) for delivery_id, state in rows}


def find_delivery(connection: Connection, delivery_id: int) -> DeliveryRow:
    """Return one delivery; raises NotFoundError."""
    found = read_deliveries(connection, [delivery_id])
    if not found:
        raise NotFoundError(f"no delivery {delivery_id}: 'mailer deliveries list' shows them")
    return found[0]


def events_of(connection: Connection, delivery_id: int) -> list[EventRow]:
    """Return the history of a delivery, oldest first."""
    rows = connection.execute(
        select(delivery_events)
        .where(delivery_events.c.delivery_id == delivery_id)
        .order_by(delivery_events.c.id)
    )
    return [EventRow(row.at, row.event, row.code, row.detail) for row in rows]


def deliveries_of_story(connection: Connection, reader_id: int, story_id: int) -> list[DeliveryRow]:
    """Return the deliveries that hold this story for this reader, whatever became of them."""
    held = select(delivery_items.c.delivery_id).where(
        delivery_items.c.reader_id == reader_id, delivery_items.c.story_id == story_id
    )
    return _rows(connection, _query().where(deliveries.c.id.in_(held)))


def omissions_of_story(
    connection: Connection, reader_id: int, story_id: int
) -> list[tuple[int, str, str]]:
    """Return (run id, why, detail) for each run that left the story out for this reader."""
    rows = connection.execute(
        select(omissions.c.run_id, omissions.c.why, omissions.c.detail)
        .where(omissions.c.reader_id == reader_id, omissions.c.story_id == story_id)
        .order_by(omissions.c.run_id)
    )
    return [(run_id, why, detail) for run_id, why, detail in rows]


def due_count(connection: Connection, run_id: int, now: datetime) -> int:
    """Return how many queued deliveries of a run are due."""
    count: int = connection.execute(
        select(func.count()).where(
            deliveries.c.run_id == run_id,
            deliveries.c.state == DeliveryState.QUEUED.value,
            deliveries.c.not_before_at <= now,
        )
    ).scalar_one()
    return count


def _query() -> Select[Any]:
    return (
        select(
            deliveries,
            newsletters.c.id.label("of_newsletter_id"),
            runs.c.cadence,
            func.coalesce(runs.c.as_of, deliveries.c.planned_at).label("as_of"),
            func.coalesce(newsletters.c.slug, "").label("newsletter"),
        )
        .join_from(deliveries, runs, deliveries.c.run_id == runs.c.id, isouter=True)
        .join(
            newsletters,
            newsletters.c.id == func.coalesce(runs.c.newsletter_id, deliveries.c.newsletter_id),
            isouter=True,
        )
        .order_by(deliveries.c.id)
    )


_ITEM = (
    delivery_items.c.delivery_id,
    delivery_items.c.position,
    delivery_items.c.story_id,
    stories.c.uid,
    delivery_items.c.revision,
    delivery_items.c.section,
    delivery_items.c.shown,
    # As text: what reads it is below.
    cast(delivery_items.c.follow_ids, Text),
    delivery_items.c.given,
)


def _rows(connection: Connection, query: Select[Any]) -> list[DeliveryRow]:
    rows = connection.execute(query).all()
    items: dict[int, list[ItemRow]] = {row.id: [] for row in rows}
    known: dict[str, tuple[int, ...]] = {}
    for some in among(connection, delivery_items.c.delivery_id, list(items)):
        found = connection.execute(
            select(*_ITEM)
            .join_from(delivery_items, stories)
            .where(some)
            .order_by(delivery_items.c.delivery_id, delivery_items.c.position)
        )
        for delivery_id, position, story_id, uid, revision, section, shown, text, given in found:
            why = _ids(text, known)
            items[delivery_id].append(
                ItemRow(position, story_id, uid, revision, section, shown, why, given)
            )
    return [_delivery(row, items[row.id]) for row in rows]


def _ids(text: str, known: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Read ids; the items of a section mostly have the same, and a mail has dozens."""
    if text not in known:
        known[text] = tuple(json.loads(text))
    return known[text]


def _delivery(row: Row[Any], items: Sequence[ItemRow]) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        key=row.key,
        message_id=row.message_id,
        run_id=row.run_id,
        kind=MailKind(row.kind),
        newsletter_id=row.of_newsletter_id,
        newsletter=row.newsletter,
        cadence=None if row.cadence is None else Cadence(row.cadence),
        as_of=row.as_of,
        reader_id=row.reader_id,
        subscription_id=row.subscription_id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        format=MailFormat(row.format),
        state=DeliveryState(row.state),
        state_reason=row.state_reason,
        attempt_count=row.attempt_count,
        not_before_at=row.not_before_at,
        expires_at=row.expires_at,
        reply_code=row.reply_code,
        reply=row.reply,
        planned_at=row.planned_at,
        settled_at=row.settled_at,
        items=tuple(items),
        resend_count=row.resend_count,
        occasion=Occasion(row.occasion) if row.occasion else None,
        told=None if row.told is None else Told.from_json(row.told),
        thread=tuple(row.thread.split()),
    )
