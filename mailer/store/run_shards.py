"""The shards of a run: planning happens one by one, each in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Exists, exists, select, update

from mailer.core.runs import RunState, hash_text
from mailer.store.ledger_tables import run_shards, runs


@dataclass(frozen=True, slots=True)
class Shard:
    """The readers with after < id <= to that one planning transaction takes."""

    run_id: int
    number: int
    after_reader_id: int
    to_reader_id: int | None


def take_shard(connection: Connection, run_id: int) -> Shard | None:
    """Take the next unplanned shard of a run that is planning, for this transaction only.

    None when there is none: all are planned or in other hands.
    """
    row = connection.execute(
        select(run_shards)
        .join(runs, runs.c.id == run_shards.c.run_id)
        .where(
            run_shards.c.run_id == run_id,
            run_shards.c.planned_at.is_(None),
            runs.c.state == RunState.PLANNING.value,
        )
        .order_by(run_shards.c.number)
        .limit(1)
        .with_for_update(of=run_shards, skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    return Shard(row.run_id, row.number, row.after_reader_id, row.to_reader_id)


def finish_shard(
    connection: Connection,
    shard: Shard,
    *,
    now: datetime,
    planned_count: int,
    nothing_new_count: int,
    dead_follow_count: int,
    plan_hash: int,
) -> None:
    """Record a shard as planned."""
    connection.execute(
        update(run_shards)
        .where(run_shards.c.run_id == shard.run_id, run_shards.c.number == shard.number)
        .values(
            planned_at=now,
            planned_count=planned_count,
            nothing_new_count=nothing_new_count,
            dead_follow_count=dead_follow_count,
            plan_hash=hash_text(plan_hash),
        )
    )


def start_sending(connection: Connection, run_id: int) -> bool:
    """Move a run from planning to sending when all its shards are planned; True when it moved."""
    moved = connection.execute(
        update(runs)
        .where(
            runs.c.id == run_id,
            runs.c.state == RunState.PLANNING.value,
            ~_waits_for_planning(run_id),
        )
        .values(state=RunState.SENDING.value)
    )
    return bool(moved.rowcount)


def has_unplanned_shards(connection: Connection, run_id: int) -> bool:
    """Say whether a part of the run is still to be planned."""
    return bool(connection.scalar(select(_waits_for_planning(run_id))))


def _waits_for_planning(run_id: int) -> Exists:
    return exists().where(run_shards.c.run_id == run_id, run_shards.c.planned_at.is_(None))
