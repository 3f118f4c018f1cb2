"""The ledger between plan and outcome: claim, mark, release, hold, reap. RELIABILITY section 1.

Every function is one step of the state machine inside the caller's transaction. `now` is the
moment leases are counted from.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, select, update

from mailer.core.deliveries import LEASE, DeliveryState, LeasedDelivery
from mailer.core.readers import ReaderState
from mailer.core.runs import RunState
from mailer.store.ledger_events import record_events, take_back
from mailer.store.ledger_tables import deliveries, runs
from mailer.store.tables import readers, subscriptions, suppressions

_S = DeliveryState
MOST_LOST_LEASES = 3


def claim(
    connection: Connection, *, limit: int, now: datetime, run_id: int | None = None
) -> tuple[str, list[LeasedDelivery]]:
    """Lease up to `limit` due rows of runs that are sending; returns the lease token with them.

    Rows past their end expire instead. An empty list means nothing is due.
    """
    due = and_(deliveries.c.state == _S.QUEUED.value, deliveries.c.not_before_at <= now)
    if run_id is not None:
        due = and_(due, deliveries.c.run_id == run_id)
    expired = connection.scalars(
        update(deliveries)
        .where(due, deliveries.c.expires_at <= now)
        .values(state=_S.EXPIRED.value, state_reason="its time was over", settled_at=now)
        .returning(deliveries.c.id)
    ).all()
    take_back(connection, expired)
    record_events(connection, expired, "expired", now)
    token = secrets.token_hex(16)
    open_runs = select(runs.c.id).where(
        runs.c.state.in_([RunState.SENDING.value, RunState.PLANNING.value])
    )
    picked = (
        select(deliveries.c.id)
        .where(due, deliveries.c.run_id.in_(open_runs))
        .order_by(deliveries.c.not_before_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(picked.scalar_subquery()))
        .values(state=_S.CLAIMED.value, lease_token=token, lease_until_at=now + LEASE)
        .returning(*_LEASED_COLUMNS)
    ).all()
    leased = [LeasedDelivery(*row) for row in rows]
    return token, sorted(leased, key=lambda row: row.id)


_LEASED_COLUMNS = (
    deliveries.c.id,
    deliveries.c.run_id,
    deliveries.c.key,
    deliveries.c.message_id,
    deliveries.c.email,
    deliveries.c.attempt_count,
    deliveries.c.expires_at,
)


def mark(
    connection: Connection, delivery_ids: Sequence[int], token: str, now: datetime
) -> list[int]:
    """Fence a window: return the ids that may be sent now. Commit before the first body byte.

    A row is marked when my lease is alive, its run goes on, and its reader still consents. Rows
    of mine whose reader does not are withheld, with the reason (I5).
    """
    mine = and_(
        deliveries.c.id.in_(delivery_ids),
        deliveries.c.state == _S.CLAIMED.value,
        deliveries.c.lease_token == token,
        deliveries.c.lease_until_at > now,
    )
    if connection.dialect.name == "postgresql":
        connection.execute(
            select(readers.c.id)
            .where(readers.c.id.in_(select(deliveries.c.reader_id).where(mine)))
            .order_by(readers.c.id)
            .with_for_update(read=True)
        )
    for lost, reason in _lost_consent(now):
        withheld = connection.scalars(
            update(deliveries)
            .where(mine, lost)
            .values(
                state=_S.WITHHELD.value,
                state_reason=reason,
                settled_at=now,
                lease_token=None,
                lease_until_at=None,
            )
            .returning(deliveries.c.id)
        ).all()
        take_back(connection, withheld)
        record_events(connection, withheld, "withheld", now, detail=reason)
    goes_on = exists().where(
        runs.c.id == deliveries.c.run_id,
        runs.c.state.in_([RunState.SENDING.value, RunState.PLANNING.value]),
    )
    marked = connection.scalars(
        update(deliveries)
        .where(mine, goes_on)
        .values(
            state=_S.TRANSMITTING.value,
            lease_until_at=now + LEASE,
            attempt_count=deliveries.c.attempt_count + 1,
        )
        .returning(deliveries.c.id)
    ).all()
    record_events(connection, marked, "marked", now)
    return sorted(marked)


def _lost_consent(now: datetime) -> list[tuple[ColumnElement[bool], str]]:
    """Return, each with its reason, what makes a claimed row one that must not be sent."""
    subscription_ended = exists().where(
        subscriptions.c.id == deliveries.c.subscription_id, subscriptions.c.ended_at.is_not(None)
    )
    suppressed = exists().where(
        suppressions.c.email_key == deliveries.c.email_key, suppressions.c.ended_at.is_(None)
    )
    not_confirmed = exists().where(
        readers.c.id == deliveries.c.reader_id,
        readers.c.state != ReaderState.CONFIRMED.value,
    )
    paused = exists().where(readers.c.id == deliveries.c.reader_id, readers.c.paused_until_at > now)
    moved = exists().where(
        readers.c.id == deliveries.c.reader_id, readers.c.email_key != deliveries.c.email_key
    )
    return [
        (subscription_ended, "unsubscribed"),
        (suppressed, "suppressed"),
        (not_confirmed, "not confirmed"),
        (paused, "paused"),
        (moved, "address changed"),
    ]


def release(
    connection: Connection, delivery_ids: Sequence[int], token: str, reason: str
) -> Sequence[int]:
    """Give claimed rows back to the queue, unsent; returns the ids that were still mine."""
    return connection.scalars(
        update(deliveries)
        .where(
            deliveries.c.id.in_(delivery_ids),
            deliveries.c.state == _S.CLAIMED.value,
            deliveries.c.lease_token == token,
        )
        .values(state=_S.QUEUED.value, state_reason=reason, lease_token=None, lease_until_at=None)
        .returning(deliveries.c.id)
    ).all()


def hold(connection: Connection, delivery_id: int, token: str, now: datetime, reason: str) -> None:
    """Hold a claimed row that cannot be built, for an operator to decide."""
    moved = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.state == _S.CLAIMED.value,
            deliveries.c.lease_token == token,
        )
        .values(state=_S.HELD.value, state_reason=reason, lease_token=None, lease_until_at=None)
    )
    if moved.rowcount:
        record_events(connection, [delivery_id], "held", now, detail=reason)


def reap(connection: Connection, now: datetime) -> tuple[int, int]:
    """Take back what dead workers left: claimed to queued, transmitting to in_doubt.

    Returns how many of each. A row that lost its third lease is held: it may be what kills them.
    """
    over = deliveries.c.lease_until_at <= now
    lost = deliveries.c.lost_lease_count + 1
    back = (
        connection.execute(
            update(deliveries)
            .where(deliveries.c.state == _S.CLAIMED.value, over)
            .values(
                state=case((lost >= MOST_LOST_LEASES, _S.HELD.value), else_=_S.QUEUED.value),
                state_reason="lease lost",
                lost_lease_count=lost,
                lease_token=None,
                lease_until_at=None,
            )
            .returning(deliveries.c.id)
        )
        .scalars()
        .all()
    )
    record_events(connection, back, "lease lost", now)
    doubtful = connection.scalars(
        update(deliveries)
        .where(deliveries.c.state == _S.TRANSMITTING.value, over)
        .values(
            state=_S.IN_DOUBT.value,
            state_reason="the worker died while sending",
            lost_lease_count=lost,
            lease_token=None,
            lease_until_at=None,
            settled_at=now,
        )
        .returning(deliveries.c.id)
    ).all()
    record_events(connection, doubtful, "in doubt", now)
    return len(back), len(doubtful)
