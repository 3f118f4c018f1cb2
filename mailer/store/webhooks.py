"""Webhooks: who is told of what, and how each address behaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from mailer.core.webhooks import OLD_SECRET_LIFE, EventKind, MessageState, Webhook
from mailer.store.webhook_tables import webhook_kinds, webhook_messages, webhooks


def add_webhook_row(
    connection: Connection, url: str, kinds: Sequence[EventKind], secret: str, now: datetime
) -> int:
    """Add a webhook and return its id."""
    added: int = connection.execute(
        insert(webhooks).values(url=url, secret=secret, created_at=now).returning(webhooks.c.id)
    ).scalar_one()
    connection.execute(
        insert(webhook_kinds), [{"webhook_id": added, "kind": kind.value} for kind in kinds]
    )
    return added


def list_webhooks(connection: Connection) -> list[Webhook]:
    """Return the webhooks that were not removed, in the order they were added."""
    rows = connection.execute(
        select(webhooks).where(webhooks.c.removed_at.is_(None)).order_by(webhooks.c.id)
    ).all()
    kinds: dict[int, list[EventKind]] = {row.id: [] for row in rows}
    for webhook_id, kind in connection.execute(
        select(webhook_kinds.c.webhook_id, webhook_kinds.c.kind)
        .where(webhook_kinds.c.webhook_id.in_(list(kinds)))
        .order_by(webhook_kinds.c.kind)
    ):
        # A kind that a later version took away is never told.
        if kind in list(EventKind):
            kinds[webhook_id].append(EventKind(kind))
    return [_webhook(row, kinds[row.id]) for row in rows]


def find_webhook(connection: Connection, webhook_id: int) -> Webhook | None:
    """Return a webhook that was not removed."""
    return next((one for one in list_webhooks(connection) if one.id == webhook_id), None)


def remove_webhook_row(connection: Connection, webhook_id: int, now: datetime) -> None:
    """Tell an address nothing more; what was told stays on record, its secret does not."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(removed_at=now, secret="", old_secret="")
    )
    connection.execute(
        update(webhook_messages)
        .where(
            webhook_messages.c.webhook_id == webhook_id,
            webhook_messages.c.state == MessageState.QUEUED.value,
        )
        .values(state=MessageState.DROPPED.value, answer="the webhook was removed", settled_at=now)
    )


def rotate_secret(connection: Connection, webhook_id: int, secret: str, now: datetime) -> None:
    """Give a webhook a new secret; the one before signs beside it for a day."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(
            old_secret=webhooks.c.secret,
            old_secret_until_at=now + OLD_SECRET_LIFE,
            secret=secret,
        )
    )


def enable_webhook_row(connection: Connection, webhook_id: int) -> None:
    """Tell an address again, from now on and at once what still waits."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(disabled_at=None, disabled_reason="", failing_since_at=None, rests_until_at=None)
    )


def disable_webhook(connection: Connection, webhook_id: int, reason: str, now: datetime) -> bool:
    """Tell an address nothing until somebody enables it; False when that was so before."""
    done = connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
        .values(disabled_at=now, disabled_reason=reason)
    )
    return bool(done.rowcount)


def note_success(connection: Connection, webhook_id: int) -> None:
    """Note that an address took something."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.failing_since_at.is_not(None))
        .values(failing_since_at=None, rests_until_at=None)
    )


def note_failure(
    connection: Connection, webhook_id: int, rests_until_at: datetime, now: datetime
) -> datetime:
    """Let an address rest, and return since when it has taken nothing."""
    connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.failing_since_at.is_(None))
        .values(failing_since_at=now)
    )
    since: datetime = connection.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(rests_until_at=rests_until_at)
        .returning(webhooks.c.failing_since_at)
    ).scalar_one()
    return since


def _webhook(row: Row[Any], kinds: Sequence[EventKind]) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        kinds=tuple(kinds),
        created_at=row.created_at,
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until_at=row.old_secret_until_at,
        failing_since_at=row.failing_since_at,
        rests_until_at=row.rests_until_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
    )
