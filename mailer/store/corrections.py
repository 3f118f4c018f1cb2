"""Corrections and retractions in the store: which there are, whom they concern, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    cast,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from mailer.core.corrections import Correction, CorrectionKind
from mailer.core.deliveries import DeliveryState
from mailer.core.digests import Shown
from mailer.core.readers import Reader, ReaderState
from mailer.core.runs import RunState
from mailer.store.correction_tables import story_corrections
from mailer.store.ledger_events import IN_DOUBT, record_events, take_back
from mailer.store.ledger_tables import deliveries, delivery_events, delivery_items, runs
from mailer.store.readers import reader_of
from mailer.store.tables import newsletters, readers, stories, subscriptions, suppressions

_S = DeliveryState
# A plan that was composed before the correction may still be written for so long after it.
_SETTLING = timedelta(hours=1)
_DOUBTED = exists().where(
    delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.event == IN_DOUBT
)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A mail that brought, or may have brought, a wrong version to one who still subscribes."""

    delivery_id: int
    message_id: str
    thread: tuple[str, ...]
    sent_at: datetime
    revision: int
    follow_ids: tuple[int, ...]
    newsletter: str
    subscription_id: int
    reader: Reader


def add_correction(
    connection: Connection,
    story_id: int,
    kind: CorrectionKind,
    note: str,
    *,
    wrong_revision: int,
    right_revision: int,
    now: datetime,
) -> int:
    """Record a correction and return its id."""
    added: int = connection.execute(
        insert(story_corrections)
        .values(
            story_id=story_id,
            kind=kind.value,
            note=note,
            wrong_revision=wrong_revision,
            right_revision=right_revision,
            created_at=now,
        )
        .returning(story_corrections.c.id)
    ).scalar_one()
    return added


def corrections_of(connection: Connection, story_id: int) -> list[Correction]:
    """Return the corrections and the retraction of a story, oldest first."""
    return _read(connection, _query().where(story_corrections.c.story_id == story_id))


def open_corrections(connection: Connection) -> list[Correction]:
    """Return those that may still concern mail on its way, oldest first."""
    return _read(connection, _query().where(story_corrections.c.closed_at.is_(None)))


def carriers_of(
    connection: Connection, correction: Correction, *, after_reader_id: int, limit: int
) -> tuple[list[Carrier], int | None]:
    """Return for each reader to be told the latest mail she has a wrong version from.

    With them the last reader looked at, None when there are no more. By reader, from after the
    given one on. Readers who were told, whose subscription has ended or whose address is
    suppressed are not among them; nor is who only had the story behind a link.
    """
    told = deliveries.alias()
    key = literal(correction.key_for_all()).concat(cast(readers.c.id, Text))
    current = subscriptions.alias()
    wanted = (
        select(readers.c.id)
        .where(
            readers.c.id > after_reader_id,
            readers.c.id.in_(
                select(delivery_items.c.reader_id)
                .join_from(delivery_items, deliveries)
                .where(_wrong(correction), _may_have())
            ),
            not_(
                exists().where(
                    told.c.reader_id == readers.c.id,
                    told.c.key == key,
                )
            ),
            readers.c.state == ReaderState.CONFIRMED.value,
            not_(
                exists().where(
                    suppressions.c.email_key == readers.c.email_key,
                    suppressions.c.ended_at.is_(None),
                )
            ),
        )
        .order_by(readers.c.id)
        .limit(limit)
    )
    reader_ids = list(connection.scalars(wanted))
    rows = connection.execute(
        select(
            deliveries.c.id.label("delivery_id"),
            deliveries.c.message_id,
            deliveries.c.thread,
            deliveries.c.planned_at,
            deliveries.c.settled_at,
            delivery_items.c.revision,
            delivery_items.c.follow_ids,
            newsletters.c.slug.label("newsletter"),
            current.c.id.label("subscription_id"),
            readers,
        )
        .join_from(delivery_items, deliveries)
        .join(readers, readers.c.id == delivery_items.c.reader_id)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .join(newsletters, newsletters.c.id == subscriptions.c.newsletter_id)
        .join(
            current,
            and_(
                current.c.reader_id == readers.c.id,
                current.c.newsletter_id == newsletters.c.id,
                current.c.ended_at.is_(None),
            ),
        )
        .where(_wrong(correction), _may_have(), delivery_items.c.reader_id.in_(reader_ids))
        .order_by(delivery_items.c.reader_id, deliveries.c.id)
    )
    # The latest of each reader stands last.
    latest = {row.id: row for row in rows}
    last = reader_ids[-1] if len(reader_ids) == limit else None
    return [_carrier(row) for row in latest.values()], last


def waiting_ids(connection: Connection, correction: Correction, *, limit: int) -> list[int]:
    """Return unsent mails of runs that have a wrong version, oldest first.

    Not those that may have been accepted once: whoever decides about them does so.
    """
    return list(connection.scalars(_waiting(correction).limit(limit)))


def hold_waiting(
    connection: Connection, correction: Correction, delivery_ids: Sequence[int]
) -> list[int]:
    """Hold those of these mails that still wait, until the transaction ends; return their ids.

    Their readers' rows must be held before, as everybody does.
    """
    waiting = _waiting(correction).where(deliveries.c.id.in_(delivery_ids))
    return list(connection.scalars(waiting.with_for_update(of=deliveries)))


def _waiting(correction: Correction) -> Select[tuple[int]]:
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.id.in_(
                select(delivery_items.c.delivery_id).where(_wrong(correction, linked=True))
            ),
            deliveries.c.state.in_([_S.QUEUED.value, _S.CLAIMED.value]),
            deliveries.c.run_id.is_not(None),
            not_(_DOUBTED),
        )
        .order_by(deliveries.c.id)
    )


def supersede(
    connection: Connection, delivery_ids: Sequence[int], reason: str, now: datetime
) -> None:
    """Cancel unsent mails, for others take their place; a worker that holds one cannot mark it."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(delivery_ids))
        .values(
            state=_S.CANCELLED.value,
            state_reason=reason,
            settled_at=now,
            lease_token=None,
            lease_until_at=None,
        )
    )
    take_back(connection, delivery_ids)
    record_events(connection, delivery_ids, "cancelled", now, detail=reason)


def close_correction(connection: Connection, correction: Correction, now: datetime) -> bool:
    """Close it when no mail with a wrong version can be on its way; True when it is closed now."""
    if now < correction.created_at + _SETTLING:
        return False
    on_its_way = exists().where(
        deliveries.c.id.in_(
            select(delivery_items.c.delivery_id).where(_wrong(correction, linked=True))
        ),
        deliveries.c.state.in_([_S.QUEUED.value, _S.CLAIMED.value, _S.TRANSMITTING.value]),
    )
    planning = exists().where(
        runs.c.state.in_([RunState.PLANNING.value, RunState.PAUSED.value]),
        runs.c.created_at <= correction.created_at + _SETTLING,
    )
    closed = connection.execute(
        update(story_corrections)
        .where(story_corrections.c.id == correction.id, ~on_its_way, ~planning)
        .values(closed_at=now)
    )
    return bool(closed.rowcount)


def _wrong(correction: Correction, *, linked: bool = False) -> ColumnElement[bool]:
    shown = [Shown.FULL.value, Shown.HEADLINE.value] + ([Shown.LINKED.value] if linked else [])
    return and_(
        delivery_items.c.story_id == correction.story_id,
        delivery_items.c.revision <= correction.wrong_revision,
        delivery_items.c.shown.in_(shown),
    )


def _may_have() -> ColumnElement[bool]:
    """Accepted, or in doubt now or once, without proof of the contrary."""
    return or_(
        deliveries.c.state == _S.ACCEPTED.value,
        and_(_DOUBTED, deliveries.c.state != _S.REFUSED.value),
    )


def _query() -> Select[Any]:
    return (
        select(story_corrections, stories.c.uid)
        .join_from(story_corrections, stories)
        .order_by(story_corrections.c.id)
    )


def _read(connection: Connection, query: Select[Any]) -> list[Correction]:
    return [
        Correction(
            id=row.id,
            story_id=row.story_id,
            uid=row.uid,
            kind=CorrectionKind(row.kind),
            note=row.note,
            wrong_revision=row.wrong_revision,
            right_revision=row.right_revision,
            created_at=row.created_at,
            closed_at=row.closed_at,
        )
        for row in connection.execute(query)
    ]


def _carrier(row: Row[Any]) -> Carrier:
    return Carrier(
        delivery_id=row.delivery_id,
        message_id=row.message_id,
        thread=tuple(row.thread.split()),
        sent_at=row.settled_at or row.planned_at,
        revision=row.revision,
        follow_ids=tuple(row.follow_ids),
        newsletter=row.newsletter,
        subscription_id=row.subscription_id,
        reader=reader_of(row),
    )
