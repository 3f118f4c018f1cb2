"""Runs and their shards."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import Run, RunState, add_hashes, hash_text
from mailer.errors import NotFoundError
from mailer.store.bulk import among
from mailer.store.ledger_tables import deliveries, run_shards, runs
from mailer.store.tables import newsletters
from mailer.store.webhook_facts import tell_run

# Any constant will do, as long as nothing else in this database uses it.
_FRONTIER_LOCK = 7_305_114_051
_WORKING = [
    state.value
    for state in (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)
]


def hold_frontier(connection: Connection, *, moving: bool) -> datetime | None:
    """Return the latest moment any run has looked at, and hold it until the transaction ends.

    Whoever opens a run moves it and waits for all ingests under way; ingests hold it shared. So a
    story is either committed before the run's moment is fixed, or becomes eligible at it or later:
    it cannot slip in behind a window that was planned already.
    """
    if connection.dialect.name == "postgresql":
        lock = "pg_advisory_xact_lock" if moving else "pg_advisory_xact_lock_shared"
        connection.execute(text(f"SELECT {lock}({_FRONTIER_LOCK})"))
    latest: datetime | None = connection.scalar(select(func.max(runs.c.as_of)))
    return latest


def add_run(
    connection: Connection,
    *,
    slot_key: str,
    newsletter_id: int,
    cadence: Cadence,
    as_of: datetime,
    now: datetime,
    zone: str = "",
    schedule_id: int | None = None,
    shard_ends: Sequence[int] = (),
) -> int:
    """Add a run in state planning with its shards and return its id."""
    added: int = connection.execute(
        insert(runs)
        .values(
            slot_key=slot_key,
            newsletter_id=newsletter_id,
            schedule_id=schedule_id,
            cadence=cadence.value,
            zone=zone,
            as_of=as_of,
            state=RunState.PLANNING.value,
            created_at=now,
        )
        .returning(runs.c.id)
    ).scalar_one()
    run_id = added
    bounds = [0, *shard_ends]
    tops: list[int | None] = [*shard_ends, None]
    connection.execute(
        insert(run_shards),
        [
            {"run_id": run_id, "number": i, "after_reader_id": after, "to_reader_id": to}
            for i, (after, to) in enumerate(zip(bounds, tops, strict=True))
        ],
    )
    return run_id


def add_skipped_run(
    connection: Connection,
    *,
    slot_key: str,
    newsletter_id: int,
    schedule_id: int,
    cadence: Cadence,
    zone: str,
    as_of: datetime,
    reason: str,
    now: datetime,
) -> None:
    """Put a slot that never runs on record, with the reason; again is no change.

    Several may look at the same moment: the first to write it down is enough.
    """
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        plain(runs)
        .values(
            slot_key=slot_key,
            newsletter_id=newsletter_id,
            schedule_id=schedule_id,
            cadence=cadence.value,
            zone=zone,
            as_of=as_of,
            state=RunState.SKIPPED.value,
            state_reason=reason,
            created_at=now,
            finished_at=now,
        )
        .on_conflict_do_nothing(index_elements=[runs.c.slot_key])
    )


def find_run(connection: Connection, run_id: int) -> Run:
    """Return a run with its counts; raises NotFoundError."""
    found = _read(connection, _query().where(runs.c.id == run_id))
    if not found:
        raise NotFoundError(f"no run {run_id}: 'mailer runs list' shows those there are")
    return found[0]


def run_of_slot(connection: Connection, slot_key: str) -> int | None:
    """Return the id of the slot's run, if it exists."""
    return connection.scalar(select(runs.c.id).where(runs.c.slot_key == slot_key))


def list_runs(
    connection: Connection, limit: int = 50, *, before_id: int | None = None
) -> list[Run]:
    """Return the newest runs, newest first."""
    query = _query().order_by(runs.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(runs.c.id < before_id)
    return _read(connection, query)


def latest_run(connection: Connection, newsletter: str, cadence: Cadence) -> Run | None:
    """Return the newest run of a newsletter's slug and a cadence, None when there is none."""
    query = _query().where(newsletters.c.slug == newsletter, runs.c.cadence == cadence.value)
    found = _read(connection, query.order_by(runs.c.id.desc()).limit(1))
    return found[0] if found else None


def unfinished_runs(connection: Connection) -> list[Run]:
    """Return the runs that still have something to plan or to send, oldest first."""
    return _read(connection, _query().where(_unfinished()).order_by(runs.c.id))


def paused_runs(connection: Connection) -> list[Run]:
    """Return the runs that wait for an operator, oldest first."""
    return _read(
        connection, _query().where(runs.c.state == RunState.PAUSED.value).order_by(runs.c.id)
    )


def unfinished_run_ids(connection: Connection) -> list[int]:
    """Return the same runs by id alone, which costs no count of their deliveries."""
    return list(connection.scalars(select(runs.c.id).where(_unfinished()).order_by(runs.c.id)))


def finish_run(connection: Connection, run_id: int, now: datetime) -> bool:
    """Move a run from sending to done when no delivery of it can move by itself."""
    sending = connection.scalar(
        select(runs.c.id)
        .where(runs.c.id == run_id, runs.c.state == RunState.SENDING.value)
        .with_for_update(key_share=True)
    )
    if sending is None:
        return False
    # A statement of its own, under the lock: it sees the row that a resend has just queued.
    working = exists().where(deliveries.c.run_id == run_id, deliveries.c.state.in_(_WORKING))
    moved = connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.state == RunState.SENDING.value, ~working)
        .values(state=RunState.DONE.value, finished_at=now)
    )
    if moved.rowcount:
        tell_run(connection, run_id, RunState.DONE, now)
    return bool(moved.rowcount)


def reopen_runs(connection: Connection, run_ids: Collection[int]) -> None:
    """Move runs from done back to sending, after rows of theirs were queued again.

    Whoever finishes a run holds its row, as we do here: either it sees our rows, or we its end.
    """
    connection.execute(
        select(runs.c.id)
        .where(runs.c.id.in_(run_ids))
        .order_by(runs.c.id)
        .with_for_update(key_share=True)
    )
    connection.execute(
        update(runs)
        .where(runs.c.id.in_(run_ids), runs.c.state == RunState.DONE.value)
        .values(state=RunState.SENDING.value, state_reason="", finished_at=None)
    )


def move_run(
    connection: Connection,
    run_id: int,
    *,
    to: RunState,
    of: Sequence[RunState],
    reason: str = "",
    finished_at: datetime | None = None,
) -> bool:
    """Move a run to a state from one of the given states; False when it was in none of them."""
    moved = connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.state.in_([state.value for state in of]))
        .values(state=to.value, state_reason=reason, finished_at=finished_at)
    )
    return bool(moved.rowcount)


def _unfinished() -> ColumnElement[bool]:
    return runs.c.state.in_([RunState.PLANNING.value, RunState.SENDING.value])


def _query() -> Select[Any]:
    return select(runs, newsletters.c.slug.label("newsletter")).join_from(runs, newsletters)


def count_deliveries(
    connection: Connection, run_ids: Sequence[int]
) -> dict[int, dict[DeliveryState, int]]:
    """Return how many deliveries of each of these runs are in each state."""
    counts: dict[int, dict[DeliveryState, int]] = {run_id: {} for run_id in run_ids}
    for condition in among(connection, deliveries.c.run_id, run_ids):
        for run_id, state, count in connection.execute(
            select(deliveries.c.run_id, deliveries.c.state, func.count())
            .where(condition)
            .group_by(deliveries.c.run_id, deliveries.c.state)
        ):
            counts[run_id][DeliveryState(state)] = count
    return counts


def _read(connection: Connection, query: Select[Any]) -> list[Run]:
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    counts = count_deliveries(connection, ids)
    shards: dict[int, list[Row[Any]]] = {run_id: [] for run_id in ids}
    for shard in connection.execute(select(run_shards).where(run_shards.c.run_id.in_(ids))):
        shards[shard.run_id].append(shard)
    return [_run(row, shards[row.id], counts[row.id]) for row in rows]


def _run(row: Row[Any], shards: Sequence[Row[Any]], counts: Mapping[DeliveryState, int]) -> Run:
    planned = [shard for shard in shards if shard.planned_at is not None]
    return Run(
        id=row.id,
        slot_key=row.slot_key,
        newsletter=row.newsletter,
        cadence=Cadence(row.cadence),
        zone=row.zone,
        as_of=row.as_of,
        state=RunState(row.state),
        state_reason=row.state_reason,
        created_at=row.created_at,
        finished_at=row.finished_at,
        plan_hash=hash_text(add_hashes(*(int(shard.plan_hash, 16) for shard in planned))),
        shard_count=len(shards),
        planned_shard_count=len(planned),
        planned_count=sum(shard.planned_count for shard in planned),
        nothing_new_count=sum(shard.nothing_new_count for shard in planned),
        dead_follow_count=sum(shard.dead_follow_count for shard in planned),
        counts=counts,
    )
