"""The outbox of webhooks: written with the facts, handed out with a lease, settled by answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from mailer.core.webhooks import EventKind, MessageState
from mailer.store.webhook_tables import webhook_kinds, webhook_messages, webhooks

# Longer than a try may take with all that stands before it in a batch.
LEASE = timedelta(minutes=5)
_QUEUED = webhook_messages.c.state == MessageState.QUEUED.value


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address, with what became of it so far."""

    id: int
    webhook_id: int
    kind: EventKind
    data: Mapping[str, Any]
    state: MessageState
    created_at: datetime
    due_at: datetime
    attempt_count: int
    tried_at: datetime | None
    status: int | None
    answer: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fact:
    """What an event tells, and when it happened.

    `data` may hold what JSON holds; `reader_id` whose data it is; it is told at `due_at`, or now.
    """

    data: Mapping[str, Any]
    at: datetime
    reader_id: int | None = None
    due_at: datetime | None = None


def wants(connection: Connection, kind: EventKind) -> bool:
    """Say whether anybody is to be told of events of a kind: gathering them may cost something."""
    return bool(connection.scalar(select(exists().where(*_listens(kind)))))


def tell(connection: Connection, kind: EventKind, facts: Iterable[Fact]) -> None:
    """Queue events for each address that wants their kind, in the transaction of the facts."""
    listening = list(connection.scalars(select(webhooks.c.id).where(*_listens(kind))))
    rows = [
        {
            "webhook_id": webhook_id,
            "kind": kind.value,
            "data": dict(fact.data),
            "reader_id": fact.reader_id,
            "state": MessageState.QUEUED.value,
            "created_at": fact.at,
            "due_at": fact.due_at or fact.at,
        }
        for fact in facts
        for webhook_id in listening
    ]
    if rows:
        connection.execute(insert(webhook_messages), rows)


def queue_test(
    connection: Connection, webhook_id: int, data: Mapping[str, Any], now: datetime
) -> int:
    """Queue a test for one address, whatever it listens to, and return its id."""
    added: int = connection.execute(
        insert(webhook_messages)
        .values(
            webhook_id=webhook_id,
            kind=EventKind.TEST.value,
            data=dict(data),
            state=MessageState.QUEUED.value,
            created_at=now,
            due_at=now,
        )
        .returning(webhook_messages.c.id)
    ).scalar_one()
    return added


def due_webhooks(connection: Connection, now: datetime) -> list[int]:
    """Return the addresses with something due that neither rest nor are disabled."""
    due = exists().where(
        webhook_messages.c.webhook_id == webhooks.c.id, _QUEUED, webhook_messages.c.due_at <= now
    )
    query = select(webhooks.c.id).where(_works(), _rested(now), due).order_by(webhooks.c.id)
    return list(connection.scalars(query))


def claim_messages(
    connection: Connection, webhook_id: int, now: datetime, *, limit: int
) -> list[Message]:
    """Take some due messages of an address, oldest first: nobody else gets them for a while."""
    some = (
        select(webhook_messages.c.id)
        .where(
            webhook_messages.c.webhook_id == webhook_id,
            _QUEUED,
            webhook_messages.c.due_at <= now,
        )
        .order_by(webhook_messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return _claimed(connection, connection.scalars(some).all(), now)


def claim_message(connection: Connection, message_id: int, now: datetime) -> Message | None:
    """Take one message that waits, due or not; None when it waits no more."""
    taken = _claimed(connection, [message_id], now)
    return taken[0] if taken else None


def _claimed(connection: Connection, ids: Sequence[int], now: datetime) -> list[Message]:
    if not ids:
        return []
    rows = connection.execute(
        update(webhook_messages)
        .where(webhook_messages.c.id.in_(ids), _QUEUED)
        .values(due_at=now + LEASE, attempt_count=webhook_messages.c.attempt_count + 1)
        .returning(webhook_messages)
    )
    return sorted((_message(row) for row in rows), key=lambda message: message.id)


def settle_message(
    connection: Connection,
    message: Message,
    state: MessageState,
    *,
    status: int | None,
    answer: str,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Record what became of a try; False when somebody else took the message meanwhile."""
    settled = connection.execute(
        update(webhook_messages)
        .where(*_mine(message))
        .values(
            state=state.value,
            status=status,
            answer=answer,
            tried_at=now,
            due_at=due_at or message.due_at,
            settled_at=None if state is MessageState.QUEUED else now,
        )
    )
    return bool(settled.rowcount)


def give_back(connection: Connection, message: Message, due_at: datetime) -> None:
    """Give back a message that was not tried, to be due then."""
    connection.execute(
        update(webhook_messages)
        .where(*_mine(message))
        .values(due_at=due_at, attempt_count=webhook_messages.c.attempt_count - 1)
    )


def requeue_messages(
    connection: Connection, now: datetime, *, message_id: int = 0, webhook_id: int = 0
) -> int:
    """Try what was given up once more, one message or all of an address; returns how many."""
    of = (
        webhook_messages.c.id == message_id
        if message_id
        else (webhook_messages.c.webhook_id == webhook_id)
    )
    here = exists().where(
        webhooks.c.id == webhook_messages.c.webhook_id, webhooks.c.removed_at.is_(None)
    )
    again = connection.execute(
        update(webhook_messages)
        .where(of, here, webhook_messages.c.state == MessageState.GIVEN_UP.value)
        .values(state=MessageState.QUEUED.value, due_at=now, attempt_count=0, settled_at=None)
    )
    return again.rowcount


def list_messages(
    connection: Connection,
    *,
    webhook_id: int = 0,
    state: MessageState | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Message]:
    """Return messages, newest first, narrowed by what is given."""
    query = select(webhook_messages).order_by(webhook_messages.c.id.desc()).limit(limit)
    if webhook_id:
        query = query.where(webhook_messages.c.webhook_id == webhook_id)
    if state is not None:
        query = query.where(webhook_messages.c.state == state.value)
    if before_id is not None:
        query = query.where(webhook_messages.c.id < before_id)
    return [_message(row) for row in connection.execute(query)]


def given_up_counts(connection: Connection) -> dict[int, int]:
    """Return how many messages were given up, by webhook; none where there are none."""
    rows = connection.execute(
        select(webhook_messages.c.webhook_id, func.count())
        .where(webhook_messages.c.state == MessageState.GIVEN_UP.value)
        .group_by(webhook_messages.c.webhook_id)
    )
    return {row.webhook_id: row[1] for row in rows}


def find_message(connection: Connection, message_id: int) -> Message | None:
    """Return a message."""
    row = connection.execute(
        select(webhook_messages).where(webhook_messages.c.id == message_id)
    ).one_or_none()
    return None if row is None else _message(row)


def forget_reader(connection: Connection, reader_id: int) -> None:
    """Delete what was told, or was to be told, about a reader who is erased."""
    connection.execute(delete(webhook_messages).where(webhook_messages.c.reader_id == reader_id))


def _listens(kind: EventKind) -> tuple[ColumnElement[bool], ...]:
    chosen = exists().where(
        webhook_kinds.c.webhook_id == webhooks.c.id, webhook_kinds.c.kind == kind.value
    )
    return _works(), chosen


def _works() -> ColumnElement[bool]:
    return and_(webhooks.c.removed_at.is_(None), webhooks.c.disabled_at.is_(None))


def _rested(now: datetime) -> ColumnElement[bool]:
    return or_(webhooks.c.rests_until_at.is_(None), webhooks.c.rests_until_at <= now)


def _mine(message: Message) -> tuple[ColumnElement[bool], ...]:
    # The count of tries is the token of the lease: whoever takes it later counts one more.
    return (
        webhook_messages.c.id == message.id,
        webhook_messages.c.attempt_count == message.attempt_count,
        _QUEUED,
    )


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        webhook_id=row.webhook_id,
        kind=EventKind(row.kind),
        data=row.data,
        state=MessageState(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempt_count=row.attempt_count,
        tried_at=row.tried_at,
        status=row.status,
        answer=row.answer,
        settled_at=row.settled_at,
    )
