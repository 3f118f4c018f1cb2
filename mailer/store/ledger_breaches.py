"""What would break the ledger's invariants, one query each: it selects ids of rows or of runs.

Times that two processes took are compared with a margin: each takes its moment before its
transaction waits for a lock.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    union_all,
)

from mailer.core.deliveries import ARROWS, LEASE, MOST_ATTEMPTS, NOT_GIVEN, TERMINAL, DeliveryState
from mailer.core.runs import RunState
from mailer.store.columns import seconds_between
from mailer.store.ledger_events import BY_OPERATOR, BY_SERVICE, IN_DOUBT, LEFT_IN
from mailer.store.ledger_tables import (
    deliveries,
    delivery_events,
    delivery_items,
    run_shards,
    runs,
)
from mailer.store.tables import readers, stories, subscriptions, suppressions

_S = DeliveryState
_MARGIN_SECONDS = 10  # As long as a writer waits for another one before it gives up.
_REAPED = LEASE + timedelta(seconds=60)
_AT_WORK = (_S.QUEUED, _S.CLAIMED, _S.TRANSMITTING)
_OUTCOMES = ("accepted", "refused", "deferred", "halted", IN_DOUBT)


def _is(*states: DeliveryState) -> ColumnElement[bool]:
    return deliveries.c.state.in_([state.value for state in states])


def twice(_now: datetime) -> Select[Any]:
    """Rows that share their key or Message-ID with another."""

    def repeated(column: Any) -> Select[Any]:
        return select(column).group_by(column).having(func.count() > 1)

    return select(deliveries.c.id).where(
        or_(
            deliveries.c.key.in_(repeated(deliveries.c.key)),
            deliveries.c.message_id.in_(repeated(deliveries.c.message_id)),
        )
    )


def _history() -> FromClause:
    """Each line of a delivery's history with the line before it; "" before the first."""
    before = func.lag(delivery_events.c.event).over(
        partition_by=delivery_events.c.delivery_id, order_by=delivery_events.c.id
    )
    return (
        select(
            delivery_events.c.delivery_id.label("id"),
            delivery_events.c.event,
            delivery_events.c.detail,
            func.coalesce(before, "").label("before"),
        )
        .where(delivery_events.c.event.in_(LEFT_IN))
        .subquery()
    )


def _resting(event: str) -> frozenset[DeliveryState]:
    """The states a row may have after a line of its history; "" before the first."""
    left_in = LEFT_IN.get(event, _S.QUEUED)
    # Claiming and giving back leave no line.
    return frozenset({_S.QUEUED, _S.CLAIMED} if left_in is _S.QUEUED else {left_in})


def off_the_arrows(_now: datetime) -> Select[Any]:
    """Rows with two lines of history that no arrow joins."""
    history = _history()
    allowed = [
        f"{before}>{event}"
        for before in ("", *LEFT_IN)
        for event, to in LEFT_IN.items()
        if any(to in ARROWS[state] for state in _resting(before))
    ]
    return select(history.c.id).where((history.c.before + ">" + history.c.event).not_in(allowed))


def unlike_history(_now: datetime) -> Select[Any]:
    """Rows that stand elsewhere than their last line of history says."""
    last = (
        select(func.max(delivery_events.c.id).label("id"))
        .where(delivery_events.c.event.in_(LEFT_IN))
        .group_by(delivery_events.c.delivery_id)
    )
    unlike = [
        and_(delivery_events.c.event == event, not_(_is(*_resting(event)))) for event in LEFT_IN
    ]
    return (
        select(deliveries.c.id)
        .join_from(
            deliveries,
            delivery_events,
            and_(delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.id.in_(last)),
            isouter=True,
        )
        .where(
            or_(
                and_(delivery_events.c.id.is_(None), not_(_is(*_resting("")))),
                *unlike,
            )
        )
    )


def accepted_without_proof(_now: datetime) -> Select[Any]:
    """Accepted rows without exactly one 2xx answer, and others with one."""
    proofs = (
        select(func.count())
        .where(
            delivery_events.c.delivery_id == deliveries.c.id,
            delivery_events.c.code.between(200, 299),
        )
        .scalar_subquery()
    )
    wanted = case((_is(_S.ACCEPTED), 1), else_=0)
    return select(deliveries.c.id).where(proofs != wanted)


def sent_unmarked(_now: datetime) -> Select[Any]:
    """Rows that left without a mark, or are at work without a lease."""
    history = _history()
    unmarked = select(history.c.id).where(
        history.c.event.in_(_OUTCOMES),
        history.c.before.not_in(["marked", IN_DOUBT]),
        history.c.detail.not_in([BY_OPERATOR, BY_SERVICE]),
    )
    unleased = and_(
        _is(_S.CLAIMED, _S.TRANSMITTING),
        or_(deliveries.c.lease_token.is_(None), deliveries.c.lease_until_at.is_(None)),
    )
    return select(deliveries.c.id).where(or_(deliveries.c.id.in_(unmarked), unleased))


def marked_without_consent(_now: datetime) -> Select[Any]:
    """Rows marked after the subscription ended or the address was suppressed."""
    marked_at = delivery_events.c.at
    unsubscribed = exists().where(
        subscriptions.c.id == deliveries.c.subscription_id,
        seconds_between(subscriptions.c.ended_at, marked_at) > _MARGIN_SECONDS,
    )
    suppressed = exists().where(
        suppressions.c.email_key == deliveries.c.email_key,
        seconds_between(suppressions.c.started_at, marked_at) > _MARGIN_SECONDS,
        or_(suppressions.c.ended_at.is_(None), suppressions.c.ended_at > marked_at),
    )
    return (
        select(deliveries.c.id)
        .join_from(deliveries, delivery_events)
        .where(delivery_events.c.event == "marked", or_(unsubscribed, suppressed))
    )


def miscounted(_now: datetime) -> Select[Any]:
    """Runs with more or fewer deliveries than their shards planned."""
    planned = (
        select(func.coalesce(func.sum(run_shards.c.planned_count), 0))
        .where(run_shards.c.run_id == runs.c.id)
        .scalar_subquery()
    )
    there = select(func.count()).where(deliveries.c.run_id == runs.c.id).scalar_subquery()
    return select(runs.c.id).where(planned != there)


def moved_after_the_end(_now: datetime) -> Select[Any]:
    """Rows with a line of history after a terminal one."""
    history = _history()
    ends = [event for event, state in LEFT_IN.items() if state in TERMINAL]
    return select(history.c.id).where(history.c.before.in_(ends))


def other_bytes(_now: datetime) -> Select[Any]:
    """Rows whose attempts differ in their bytes."""
    return (
        select(delivery_events.c.delivery_id.label("id"))
        .where(delivery_events.c.event == "marked", delivery_events.c.detail != "")
        .group_by(delivery_events.c.delivery_id)
        .having(func.count(delivery_events.c.detail.distinct()) > 1)
    )


def tried_too_often(_now: datetime) -> Select[Any]:
    """Rows tried more often than the schedule allows from one start."""
    lives = (
        select(func.count() + 1)
        .where(
            delivery_events.c.delivery_id == deliveries.c.id,
            delivery_events.c.event.in_(["resent", "queued again"]),
        )
        .scalar_subquery()
    )
    return select(deliveries.c.id).where(
        deliveries.c.attempt_count > MOST_ATTEMPTS,
        deliveries.c.attempt_count > MOST_ATTEMPTS * lives,
    )


def due_before_it_was_put_off(_now: datetime) -> Select[Any]:
    """Queued rows that are due before the moment that put them off."""
    put_off = exists().where(
        delivery_events.c.delivery_id == deliveries.c.id,
        delivery_events.c.event.in_(["deferred", "halted", "resent", "queued again"]),
        delivery_events.c.at > deliveries.c.not_before_at,
    )
    return select(deliveries.c.id).where(
        _is(_S.QUEUED), deliveries.c.not_before_at < deliveries.c.expires_at, put_off
    )


def overdue(now: datetime) -> Select[Any]:
    """Rows still on their way well past their time, whoever should have ended them."""
    over = now - _REAPED
    return select(deliveries.c.id).where(
        _is(*_AT_WORK),
        deliveries.c.expires_at < over,
        or_(deliveries.c.lease_until_at.is_(None), deliveries.c.lease_until_at < over),
    )


def given_twice(_now: datetime) -> Select[Any]:
    """Rows that stand and share a reader's story and revision with another that stands."""
    standing = (
        select(
            deliveries.c.id,
            func.count()
            .over(
                partition_by=[
                    delivery_items.c.reader_id,
                    delivery_items.c.story_id,
                    delivery_items.c.revision,
                ]
            )
            .label("count"),
        )
        .join_from(delivery_items, deliveries)
        .where(not_(_is(*NOT_GIVEN)))
        .subquery()
    )
    return select(standing.c.id).where(standing.c.count > 1)


def given_wrongly(_now: datetime) -> Select[Any]:
    """Rows whose stories count as given although they ended unsent, or the reverse."""
    doubted = exists().where(
        delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.event == IN_DOUBT
    )
    given = delivery_items.c.given
    return (
        select(deliveries.c.id)
        .join_from(delivery_items, deliveries)
        .where(or_(and_(_is(*NOT_GIVEN), given, ~doubted), and_(not_(_is(*NOT_GIVEN)), ~given)))
    )


def without_what_it_names(_now: datetime) -> Select[Any]:
    """Rows that name a run, reader, subscription or story nobody has; ledger_tables says why."""

    def lost(of: Any, column: Any, there: Any) -> Select[Any]:
        return select(of).where(column.is_not(None), ~exists().where(there == column))

    row, item = deliveries.c, delivery_items.c
    broken = union_all(
        lost(row.id, row.run_id, runs.c.id),
        lost(row.id, row.reader_id, readers.c.id),
        lost(row.id, row.subscription_id, subscriptions.c.id),
        lost(item.delivery_id.label("id"), item.delivery_id, row.id),
        lost(item.delivery_id.label("id"), item.story_id, stories.c.id),
    ).subquery()
    return select(broken.c.id)


def done_too_early(_now: datetime) -> Select[Any]:
    """Runs that are done with rows that still wait."""
    left = exists().where(deliveries.c.run_id == runs.c.id, _is(*_AT_WORK))
    return select(runs.c.id).where(runs.c.state == RunState.DONE.value, left)
