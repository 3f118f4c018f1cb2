"""The ledger as operators and policies move it: cancelled, queued again, resent, accepted, held.

Each function is one step inside the caller's transaction, and moves only rows that still stand
where it expects them. A run that was done goes on when a row of it is queued again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    literal,
    or_,
    select,
    update,
)

from mailer.core.deliveries import DeliveryState, MailKind
from mailer.core.notices import RULES
from mailer.core.runs import RunState
from mailer.store.ledger_events import BY_OPERATOR, IN_DOUBT, record_events, take_back
from mailer.store.ledger_tables import deliveries, delivery_events, runs
from mailer.store.runs import reopen_runs

_S = DeliveryState
_AWAITED = [occasion.value for occasion, rule in RULES.items() if rule.awaited]
_WAS_IN_DOUBT = exists().where(
    delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.event == IN_DOUBT
)


def _in(*states: DeliveryState) -> ColumnElement[bool]:
    """Say so in the statement itself: a bound value would hide it from the partial indexes."""
    return deliveries.c.state.in_([literal(state.value, literal_execute=True) for state in states])


def cancel_rows(
    connection: Connection, now: datetime, *, limit: int, run_id: int | None = None
) -> int:
    """Cancel up to `limit` unsent rows of cancelled runs, or of one, and take their stories back.

    Held rows too, unless the reader may have the mail: those wait for an operator's word.
    """
    cancelled = select(runs.c.id).where(runs.c.state == RunState.CANCELLED.value)
    if run_id is not None:
        cancelled = cancelled.where(runs.c.id == run_id)
    moved = 0
    for unsent in (_in(_S.QUEUED, _S.CLAIMED), and_(_in(_S.HELD), ~_WAS_IN_DOUBT)):
        picked = _pick(unsent, deliveries.c.run_id.in_(cancelled)).limit(limit - moved)
        ids = _move(connection, picked, _S.CANCELLED, "its run was cancelled", settled_at=now)
        take_back(connection, ids)
        record_events(connection, ids, "cancelled", now)
        moved += len(ids)
    return moved


def queue_held(
    connection: Connection, run_id: int, now: datetime, until: datetime, *, limit: int
) -> int:
    """Queue up to `limit` held rows of a run again, except those the reader may have already.

    They may be sent until `until`, or until their own end when that is later.
    """
    picked = _pick(_in(_S.HELD), deliveries.c.run_id == run_id, ~_WAS_IN_DOUBT).limit(limit)
    ids = _move(
        connection,
        picked,
        _S.QUEUED,
        "queued again",
        not_before_at=now,
        expires_at=_later(until),
        lost_lease_count=0,
    )
    record_events(connection, ids, "queued again", now)
    _reopen(connection, ids)
    return len(ids)


@dataclass(frozen=True, slots=True)
class DoubtRule:
    """How often mail may go out again after a doubt, and from when on.

    `awaited` for alerts and the notices somebody waits for, else for all other mail.
    """

    awaited: bool
    most_resends: int
    not_before_at: datetime


def resend_doubts(connection: Connection, rule: DoubtRule, now: datetime, *, limit: int) -> int:
    """Queue up to `limit` rows in doubt again and return how many.

    A row that went out again often enough, or whose time is over, stays as it is.
    """
    picked = _doubts(rule).where(
        deliveries.c.resend_count < rule.most_resends,
        deliveries.c.expires_at > rule.not_before_at,
    )
    ids = _move(
        connection,
        picked.limit(limit),
        _S.QUEUED,
        "in doubt, resent",
        not_before_at=rule.not_before_at,
        settled_at=None,
        resend_count=deliveries.c.resend_count + 1,
        lost_lease_count=0,
    )
    record_events(connection, ids, "resent", now)
    _reopen(connection, ids)
    return len(ids)


def hold_doubts(connection: Connection, rule: DoubtRule, now: datetime, *, limit: int) -> int:
    """Hold up to `limit` of the rows in doubt that `resend_doubts` leaves; returns how many."""
    picked = _doubts(rule).where(
        or_(
            deliveries.c.resend_count >= rule.most_resends,
            deliveries.c.expires_at <= rule.not_before_at,
        )
    )
    reason = "in doubt, and not resent again"
    ids = _move(connection, picked.limit(limit), _S.HELD, reason, settled_at=None)
    record_events(connection, ids, "held", now, detail=reason)
    return len(ids)


def resend_one(connection: Connection, delivery_id: int, now: datetime, until: datetime) -> bool:
    """Queue one doubtful row again; it may be sent until `until`, or its own later end."""
    picked = _one(delivery_id)
    doubted = connection.scalar(select(_WAS_IN_DOUBT).where(deliveries.c.id == delivery_id))
    ids = _move(
        connection,
        picked,
        _S.QUEUED,
        "resent by an operator",
        not_before_at=now,
        expires_at=_later(until),
        settled_at=None,
        resend_count=deliveries.c.resend_count + (1 if doubted else 0),
        lost_lease_count=0,
    )
    event = "resent" if doubted else "queued again"
    record_events(connection, ids, event, now, detail="by an operator")
    _reopen(connection, ids)
    return bool(ids)


def accept_one(
    connection: Connection, delivery_id: int, now: datetime, by: str = BY_OPERATOR
) -> bool:
    """Record one doubtful row as accepted: there is proof from outside; `by` whom is recorded."""
    ids = _move(
        connection,
        _one(delivery_id),
        _S.ACCEPTED,
        by,
        reply_code=250,
        reply=by,
        settled_at=now,
    )
    record_events(connection, ids, "accepted", now, code=250, detail=by)
    return bool(ids)


def _doubts(rule: DoubtRule) -> Select[Any]:
    """Select rows in doubt, except of cancelled runs: nothing of those goes out any more."""
    awaited = or_(deliveries.c.kind == MailKind.ALERT.value, deliveries.c.occasion.in_(_AWAITED))
    going_on = deliveries.c.run_id.in_(
        select(runs.c.id).where(runs.c.state != RunState.CANCELLED.value)
    )
    return _pick(
        _in(_S.IN_DOUBT),
        awaited if rule.awaited else ~awaited,
        or_(deliveries.c.run_id.is_(None), going_on),
    )


def _one(delivery_id: int) -> Select[Any]:
    return (
        select(deliveries.c.id)
        .where(deliveries.c.id == delivery_id, _in(_S.IN_DOUBT, _S.HELD))
        .with_for_update(of=deliveries)
    )


def _later(until: datetime) -> ColumnElement[datetime]:
    return case((deliveries.c.expires_at < until, until), else_=deliveries.c.expires_at)


def _pick(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(deliveries.c.id)
        .where(*conditions)
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries, skip_locked=True)
    )


def _move(
    connection: Connection, picked: Select[Any], to: DeliveryState, reason: str, **values: Any
) -> Sequence[int]:
    """Move what a selection holds and return the ids; a lease, if any, ends with it."""
    ids = connection.scalars(picked).all()
    if ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(ids))
            .values(
                state=to.value,
                state_reason=reason,
                lease_token=None,
                lease_until_at=None,
                **values,
            )
        )
    return ids


def _reopen(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """What was queued again wants its run to be sending."""
    if delivery_ids:
        of_rows = (
            select(deliveries.c.run_id)
            .where(deliveries.c.id.in_(delivery_ids), deliveries.c.run_id.is_not(None))
            .distinct()
        )
        reopen_runs(connection, connection.scalars(of_rows).all())
