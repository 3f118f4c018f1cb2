"""The ledger between plan and outcome: claim, mark, release, hold, reap. RELIABILITY section 1.

Every function is one step of the state machine inside the caller's transaction. `now` is the
moment leases are counted from.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    literal,
    or_,
    select,
    update,
)

from mailer.core.deliveries import LEASE, DeliveryState, LeasedDelivery, MailKind
from mailer.core.runs import RunState
from mailer.store.consent import STILL_WANTED, lost_consent
from mailer.store.ledger_events import IN_DOUBT, record_events, take_back
from mailer.store.ledger_returning import let_come_again, whose_follows_are_free
from mailer.store.ledger_tables import deliveries, runs
from mailer.store.tables import readers

_S = DeliveryState
MOST_LOST_LEASES = 3
_MOST_EXPIRED = 5000  # In one transaction of the reaper: 0.2 s of SQLite's only writer.


def _written(state: DeliveryState) -> ColumnElement[str]:
    """Return a state that stands in the statement itself, not as a bound value.

    A partial index is only used where the database can see that its condition holds.
    """
    return literal(state.value, literal_execute=True)


def claim(
    connection: Connection,
    *,
    limit: int,
    now: datetime,
    run_id: int | None = None,
    notices_only: bool = False,
) -> tuple[str, list[LeasedDelivery]]:
    """Lease up to `limit` due rows: notices, and mails of runs that are sending.

    Returns the lease token with them. Rows past their end expire instead. An empty list means
    nothing is due. A row that would be held if its lease were lost once more comes alone: should
    it kill its worker again, no other is suspected with it.
    """
    token = secrets.token_hex(16)
    fresh: list[int] = []
    more = True
    while more and not fresh:
        picked = connection.execute(_due(connection, now, run_id, notices_only).limit(limit)).all()
        ended = _expire(connection, [row.id for row in picked if row.expires_at <= now], now)
        fresh = _together([row for row in picked if row.expires_at > now])
        more = len(picked) == limit and bool(ended)
    if not fresh:
        return token, []
    rows = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(fresh))
        .values(state=_S.CLAIMED.value, lease_token=token, lease_until_at=now + LEASE)
        .returning(*_LEASED_COLUMNS)
    ).all()
    leased = [LeasedDelivery(*row) for row in rows]
    return token, sorted(leased, key=lambda row: row.id)


def _together(rows: Sequence[Row[tuple[int, datetime, int]]]) -> list[int]:
    """Return which of the due rows, in their order, one worker may take."""
    last_lease = MOST_LOST_LEASES - 1
    if rows and rows[0].lost_lease_count >= last_lease:
        return [rows[0].id]
    return [row.id for row in rows if row.lost_lease_count < last_lease]


def _due(
    connection: Connection, now: datetime, run_id: int | None, notices_only: bool
) -> Select[tuple[int, datetime, int]]:
    """Select due rows as an index has them, so that the length of the queue costs a claim nothing.

    The longest due come first, except that SQLite has no index of one run's rows in this order:
    it would sort all of them to find the first few.
    """
    query = (
        select(deliveries.c.id, deliveries.c.expires_at, deliveries.c.lost_lease_count)
        .where(
            deliveries.c.state == _written(_S.QUEUED),
            deliveries.c.not_before_at <= now,
            _run_goes_on(),
        )
        .with_for_update(of=deliveries, skip_locked=True)
    )
    if notices_only:
        # Written out, as their index has it.
        notice = literal(MailKind.NOTICE.value, literal_execute=True)
        query = query.where(deliveries.c.kind == notice)
    elif run_id is not None:
        query = query.where(deliveries.c.run_id == run_id)
        if connection.dialect.name == "sqlite":
            return query
    return query.order_by(deliveries.c.not_before_at, deliveries.c.id)


def _run_goes_on() -> ColumnElement[bool]:
    going_on = exists().where(
        runs.c.id == deliveries.c.run_id,
        runs.c.state.in_([RunState.SENDING.value, RunState.PLANNING.value]),
    )
    return or_(deliveries.c.run_id.is_(None), going_on)


def _expire(connection: Connection, delivery_ids: Sequence[int], now: datetime) -> Sequence[int]:
    """End queued rows that this transaction holds; returns which, those of busy readers wait."""
    if delivery_ids:
        delivery_ids = whose_follows_are_free(connection, delivery_ids)
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(delivery_ids))
            .values(state=_S.EXPIRED.value, state_reason="its time was over", settled_at=now)
        )
        take_back(connection, delivery_ids)
        let_come_again(connection, delivery_ids)
        record_events(connection, delivery_ids, "expired", now)
    return delivery_ids


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
    connection: Connection,
    delivery_ids: Sequence[int],
    token: str,
    now: datetime,
    contents: Mapping[int, str] | None = None,
) -> list[int]:
    """Fence a window: return the ids that may be sent now. Commit before the first body byte.

    A row is marked when my lease is alive, its run goes on, its time is not over, and its reader
    still consents. Rows of mine whose reader does not are withheld, with the reason (I5).
    `contents` names the bytes that will leave, so that the ledger can tell when they changed.
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
    # Nearly always nobody: one question instead of a write for each reason.
    lost = lost_consent(now)
    gone = connection.execute(
        select(deliveries.c.id, case(*lost)).where(mine, or_(*(how for how, _ in lost)))
    ).all()
    for reason in sorted({row[1] for row in gone}):
        withheld = connection.scalars(
            update(deliveries)
            .where(mine, deliveries.c.id.in_([row.id for row in gone if row[1] == reason]))
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
    let_come_again(connection, [row.id for row in gone if row[1] in STILL_WANTED])
    marked = connection.scalars(
        update(deliveries)
        .where(mine, deliveries.c.expires_at > now, _run_goes_on())
        .values(
            state=_S.TRANSMITTING.value,
            lease_until_at=now + LEASE,
            attempt_count=deliveries.c.attempt_count + 1,
        )
        .returning(deliveries.c.id)
    ).all()
    record_events(connection, marked, "marked", now, detail=contents or "")
    return sorted(marked)


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
    Rows that somebody settles or reaps at this moment are left to them. Queued rows of paused
    runs, which nobody claims, expire here.
    """
    over = (
        select(deliveries.c.id)
        .where(
            deliveries.c.state.in_([_written(_S.CLAIMED), _written(_S.TRANSMITTING)]),
            deliveries.c.lease_until_at <= now,
        )
        .with_for_update(skip_locked=True)
    )
    lost = deliveries.c.lost_lease_count + 1
    was_sending = deliveries.c.state == _S.TRANSMITTING.value
    too_often = lost >= MOST_LOST_LEASES
    rows = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(over))
        .values(
            state=case(
                (was_sending, _S.IN_DOUBT.value), (too_often, _S.HELD.value), else_=_S.QUEUED.value
            ),
            state_reason=case((was_sending, "the worker died while sending"), else_="lease lost"),
            settled_at=case((was_sending, now), else_=deliveries.c.settled_at),
            lost_lease_count=lost,
            # A late answer to a row in doubt is still proof: its token lets settle() take it.
            lease_token=case((was_sending, deliveries.c.lease_token), else_=None),
            lease_until_at=None,
        )
        .returning(deliveries.c.id, deliveries.c.state)
    ).all()
    doubtful = [row.id for row in rows if row.state == _S.IN_DOUBT.value]
    held = [row.id for row in rows if row.state == _S.HELD.value]
    back = [row.id for row in rows if row.state == _S.QUEUED.value]
    record_events(connection, back, "lease lost", now)
    record_events(connection, held, "held", now, detail="lease lost too often")
    record_events(connection, doubtful, IN_DOUBT, now)
    _expire_paused(connection, now)
    return len(back) + len(held), len(doubtful)


def _expire_paused(connection: Connection, now: datetime) -> None:
    paused = select(runs.c.id).where(runs.c.state == RunState.PAUSED.value)
    over = connection.scalars(
        select(deliveries.c.id)
        .where(
            deliveries.c.run_id.in_(paused),
            deliveries.c.state == _S.QUEUED.value,
            deliveries.c.expires_at <= now,
        )
        .limit(_MOST_EXPIRED)
        .with_for_update(skip_locked=True)
    ).all()
    _expire(connection, over, now)
