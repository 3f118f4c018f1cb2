"""What planning refused deliveries anew needs: who may still get mail, which keys are taken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, or_, select

from mailer.core.readers import ReaderState
from mailer.core.runs import hash_text
from mailer.store.ledger_tables import deliveries, run_shards, runs
from mailer.store.tables import readers, subscriptions, suppressions


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where mail to a reader goes now, which may not be where it was refused."""

    reader_id: int
    subscription_id: int
    email: str
    email_key: str


def consenting_recipients(
    connection: Connection, delivery_ids: Sequence[int], now: datetime
) -> dict[int, Recipient]:
    """Return, by delivery, the readers who would get mail now; the rest would be withheld.

    Their rows are held until the transaction ends, so that no run gives them the same story.
    """
    suppressed = exists().where(
        suppressions.c.email_key == readers.c.email_key, suppressions.c.ended_at.is_(None)
    )
    rows = connection.execute(
        select(
            deliveries.c.id,
            deliveries.c.reader_id,
            deliveries.c.subscription_id,
            readers.c.email,
            readers.c.email_key,
        )
        .join_from(deliveries, readers, deliveries.c.reader_id == readers.c.id)
        .join(subscriptions, deliveries.c.subscription_id == subscriptions.c.id)
        .where(
            deliveries.c.id.in_(delivery_ids),
            subscriptions.c.ended_at.is_(None),
            readers.c.state == ReaderState.CONFIRMED.value,
            or_(readers.c.paused_until_at.is_(None), readers.c.paused_until_at <= now),
            ~suppressed,
        )
        .order_by(readers.c.id)
        .with_for_update(of=readers)
    )
    return {
        row.id: Recipient(row.reader_id, row.subscription_id, row.email, row.email_key)
        for row in rows
    }


def taken_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Return those of these keys that the ledger has."""
    return set(connection.scalars(select(deliveries.c.key).where(deliveries.c.key.in_(keys))))


def add_retry_shard(connection: Connection, run_id: int, planned_count: int, now: datetime) -> None:
    """Record deliveries planned beside the run's own shards, so that its counts still add up.

    The shard asks no readers, and adds nothing to the hash of the plan.
    """
    connection.execute(select(runs.c.id).where(runs.c.id == run_id).with_for_update(key_share=True))
    last = connection.scalar(
        select(func.max(run_shards.c.number)).where(run_shards.c.run_id == run_id)
    )
    connection.execute(
        insert(run_shards).values(
            run_id=run_id,
            number=(last or 0) + 1,
            after_reader_id=0,
            to_reader_id=0,
            planned_at=now,
            planned_count=planned_count,
            plan_hash=hash_text(0),
        )
    )
