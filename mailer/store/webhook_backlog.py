"""The outbox of webhooks in a few figures, for whoever watches."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from mailer.core.webhooks import MessageState
from mailer.store.webhook_tables import webhook_messages, webhooks

_GIVEN_UP = MessageState.GIVEN_UP.value


@dataclass(frozen=True, slots=True)
class Outbox:
    """How many messages wait, how many were given up, and when the oldest of those due was due.

    What waits for an address that is disabled is not due.
    """

    queued_count: int
    given_up_count: int
    oldest_due_at: datetime | None


def read_outbox(connection: Connection, now: datetime) -> Outbox:
    """Return the outbox in three figures."""
    counts = connection.execute(
        select(webhook_messages.c.state, func.count().label("messages"))
        .where(webhook_messages.c.settled_at.is_(None) | (webhook_messages.c.state == _GIVEN_UP))
        .group_by(webhook_messages.c.state)
    )
    by_state = {row.state: int(row.messages) for row in counts}
    due_at = webhook_messages.c.due_at
    oldest = connection.execute(
        select(func.min(due_at, type_=due_at.type))
        .join_from(webhook_messages, webhooks)
        .where(
            webhook_messages.c.state == MessageState.QUEUED.value,
            webhooks.c.disabled_at.is_(None),
            due_at <= now,
        )
    ).scalar_one()
    return Outbox(by_state.get(MessageState.QUEUED.value, 0), by_state.get(_GIVEN_UP, 0), oldest)
