"""What must hold in the ledger at every instant (RELIABILITY section 1), each as one query.

A query selects the ids of what breaks it. Times of two processes are compared with a margin: the
moment is taken before the transaction that records it waits for a lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from mailer.core.deliveries import ARROWS, LEASE, MOST_ATTEMPTS, NOT_GIVEN, TERMINAL, DeliveryState
from mailer.core.runs import RunState
from mailer.store.columns import seconds_between
from mailer.store.ledger_events import BY_OPERATOR, IN_DOUBT, LEFT_IN
from mailer.store.ledger_tables import (
    deliveries,
    delivery_events,
    delivery_items,
    run_shards,
    runs,
)
from mailer.store.tables import subscriptions, suppressions

_S = DeliveryState
_MARGIN_SECONDS = 10  # As long as a writer waits for another one before it gives up.
_REAPED = LEASE + timedelta(seconds=60)
_SHOWN = 20
_AT_WORK = (_S.QUEUED, _S.CLAIMED, _S.TRANSMITTING)
_OUTCOMES = ("accepted", "refused", "deferred", "halted", IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A claim, and the query that selects the ids of those that break it: deliveries or runs."""

    name: str
    claim: str
    of: str
    breaking: Callable[[datetime], Select[Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """How many break an invariant, and the first of them; none when it holds."""

    invariant: Invariant
    count: int
    ids: tuple[int, ...]


def check_invariants(connection: Connection, now: datetime) -> list[Finding]:
    """Check all of them, in order."""
    findings = []
    for invariant in INVARIANTS:
        broken = invariant.breaking(now).distinct().subquery()
        rows = connection.execute(
            select(broken.c.id, func.count().over()).order_by(broken.c.id).limit(_SHOWN)
        ).all()
        count = rows[0][1] if rows else 0
        findings.append(Finding(invariant, count, tuple(row[0] for row in rows)))
    return findings


def _is(*states: DeliveryState) -> ColumnElement[bool]:
    return deliveries.c.state.in_([state.value for state in states])


def _twice(_now: datetime) -> Select[Any]:
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


def _off_the_arrows(_now: datetime) -> Select[Any]:
    history = _history()
    allowed = [
        f"{before}>{event}"
        for before in ("", *LEFT_IN)
        for event, to in LEFT_IN.items()
        if any(to in ARROWS[state] for state in _resting(before))
    ]
    return select(history.c.id).where((history.c.before + ">" + history.c.event).not_in(allowed))


def _unlike_history(_now: datetime) -> Select[Any]:
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


def _accepted_without_proof(_now: datetime) -> Select[Any]:
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


def _sent_unmarked(_now: datetime) -> Select[Any]:
    history = _history()
    unmarked = select(history.c.id).where(
        history.c.event.in_(_OUTCOMES),
        history.c.before.not_in(["marked", IN_DOUBT]),
        history.c.detail != BY_OPERATOR,
    )
    unleased = and_(
        _is(_S.CLAIMED, _S.TRANSMITTING),
        or_(deliveries.c.lease_token.is_(None), deliveries.c.lease_until_at.is_(None)),
    )
    return select(deliveries.c.id).where(or_(deliveries.c.id.in_(unmarked), unleased))


def _marked_without_consent(_now: datetime) -> Select[Any]:
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


def _miscounted(_now: datetime) -> Select[Any]:
    planned = (
        select(func.coalesce(func.sum(run_shards.c.planned_count), 0))
        .where(run_shards.c.run_id == runs.c.id)
        .scalar_subquery()
    )
    there = select(func.count()).where(deliveries.c.run_id == runs.c.id).scalar_subquery()
    return select(runs.c.id).where(planned != there)


def _moved_after_the_end(_now: datetime) -> Select[Any]:
    history = _history()
    ends = [event for event, state in LEFT_IN.items() if state in TERMINAL]
    return select(history.c.id).where(history.c.before.in_(ends))


def _other_bytes(_now: datetime) -> Select[Any]:
    return (
        select(delivery_events.c.delivery_id.label("id"))
        .where(delivery_events.c.event == "marked", delivery_events.c.detail != "")
        .group_by(delivery_events.c.delivery_id)
        .having(func.count(delivery_events.c.detail.distinct()) > 1)
    )


def _tried_too_often(_now: datetime) -> Select[Any]:
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


def _due_before_it_was_put_off(_now: datetime) -> Select[Any]:
    put_off = exists().where(
        delivery_events.c.delivery_id == deliveries.c.id,
        delivery_events.c.event.in_(["deferred", "halted", "resent", "queued again"]),
        delivery_events.c.at > deliveries.c.not_before_at,
    )
    return select(deliveries.c.id).where(
        _is(_S.QUEUED), deliveries.c.not_before_at < deliveries.c.expires_at, put_off
    )


def _overdue(now: datetime) -> Select[Any]:
    over = now - _REAPED
    return select(deliveries.c.id).where(
        _is(*_AT_WORK),
        deliveries.c.expires_at < over,
        or_(deliveries.c.lease_until_at.is_(None), deliveries.c.lease_until_at < over),
    )


def _given_twice(_now: datetime) -> Select[Any]:
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


def _given_wrongly(_now: datetime) -> Select[Any]:
    doubted = exists().where(
        delivery_events.c.delivery_id == deliveries.c.id, delivery_events.c.event == IN_DOUBT
    )
    given = delivery_items.c.given
    return (
        select(deliveries.c.id)
        .join_from(delivery_items, deliveries)
        .where(or_(and_(_is(*NOT_GIVEN), given, ~doubted), and_(not_(_is(*NOT_GIVEN)), ~given)))
    )


def _done_too_early(_now: datetime) -> Select[Any]:
    left = exists().where(deliveries.c.run_id == runs.c.id, _is(*_AT_WORK))
    return select(runs.c.id).where(runs.c.state == RunState.DONE.value, left)


INVARIANTS = (
    Invariant("one row per key", "each key and each Message-ID stands once", "delivery", _twice),
    Invariant(
        "only the arrows", "no history has a move the ledger forbids", "delivery", _off_the_arrows
    ),
    Invariant(
        "state as recorded",
        "each row stands where its history left it",
        "delivery",
        _unlike_history,
    ),
    Invariant(
        "terminal rows rest", "nothing moves after its end", "delivery", _moved_after_the_end
    ),
    Invariant(
        "accepted by the server",
        "accepted rows, and no others, have exactly one 2xx answer",
        "delivery",
        _accepted_without_proof,
    ),
    Invariant(
        "marked before sent",
        "nothing was sent without a mark under a lease",
        "delivery",
        _sent_unmarked,
    ),
    Invariant(
        "consent before mark",
        "nothing was marked after its reader unsubscribed or was suppressed",
        "delivery",
        _marked_without_consent,
    ),
    Invariant("counts add up", "what was planned is the sum over all states", "run", _miscounted),
    Invariant(
        "done is done", "a run that is done has nothing left to send", "run", _done_too_early
    ),
    Invariant(
        "same bytes again", "each attempt of a mail sends the same bytes", "delivery", _other_bytes
    ),
    Invariant(
        "attempts are bounded",
        f"no mail is tried more than {MOST_ATTEMPTS} times in one life",
        "delivery",
        _tried_too_often,
    ),
    Invariant(
        "retries move on",
        "no mail is due before the moment it was put off",
        "delivery",
        _due_before_it_was_put_off,
    ),
    Invariant(
        "settled in time",
        "no mail is on its way after its time; 'mailer drain' ends what nobody looks at",
        "delivery",
        _overdue,
    ),
    Invariant(
        "a story once",
        "a reader has a story at a revision in at most one mail that stands",
        "delivery",
        _given_twice,
    ),
    Invariant(
        "stories follow their mail",
        "stories count as given while their mail stands, and only then",
        "delivery",
        _given_wrongly,
    ),
)
