"""Keep webhooks: add, remove, test and mend them. Each change stands in the audit log."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.core.webhooks import EventKind, Webhook, read_webhook_url, secret_of
from mailer.errors import InputError, NotFoundError
from mailer.store.audit import record_change
from mailer.store.database import Connection, Database
from mailer.store.webhook_outbox import queue_test, requeue_messages
from mailer.store.webhooks import (
    add_webhook_row,
    enable_webhook_row,
    find_webhook,
    list_webhooks,
    remove_webhook_row,
    rotate_secret,
)

_MOST_WEBHOOKS = 50


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and from where."""

    name: str
    address: str = ""


def add_webhook(
    database: Database,
    url: str,
    kinds: Sequence[EventKind],
    *,
    https_only: bool,
    actor: Actor,
    now: datetime,
) -> Webhook:
    """Tell an address of these kinds from now on; its secret is in what is returned.

    Raises InputError for an address that cannot be posted to, or is there already.
    """
    url = read_webhook_url(url, https_only=https_only)
    with database.write() as connection:
        there = list_webhooks(connection)
        if any(one.url == url for one in there):
            raise InputError(f"'{url}' is told already: remove it first, or see 'webhooks list'")
        if len(there) >= _MOST_WEBHOOKS:
            raise InputError(f"there are {_MOST_WEBHOOKS} webhooks, the most there can be")
        added = add_webhook_row(connection, url, kinds, secret_of(secrets.token_bytes(32)), now)
        _record(connection, "webhook added", url, actor=actor, now=now, detail=", ".join(kinds))
        return _find(connection, added)


def remove_webhook(database: Database, webhook_id: int, *, actor: Actor, now: datetime) -> Webhook:
    """Tell an address nothing more; what still waits for it is dropped. Raises NotFoundError."""
    with database.write() as connection:
        webhook = _find(connection, webhook_id)
        remove_webhook_row(connection, webhook_id, now)
        _record(connection, "webhook removed", webhook.url, actor=actor, now=now)
    return webhook


def rotate_webhook(database: Database, webhook_id: int, *, actor: Actor, now: datetime) -> Webhook:
    """Give a webhook a new secret, in what is returned; the old one signs, too, for a day."""
    with database.write() as connection:
        webhook = _find(connection, webhook_id)
        rotate_secret(connection, webhook_id, secret_of(secrets.token_bytes(32)), now)
        _record(connection, "webhook secret rotated", webhook.url, actor=actor, now=now)
        return _find(connection, webhook_id)


def enable_webhook(database: Database, webhook_id: int, *, actor: Actor, now: datetime) -> Webhook:
    """Tell an address again that was disabled, or rests. Raises NotFoundError."""
    with database.write() as connection:
        webhook = _find(connection, webhook_id)
        enable_webhook_row(connection, webhook_id)
        _record(connection, "webhook enabled", webhook.url, actor=actor, now=now)
        return _find(connection, webhook_id)


def queue_webhook_test(database: Database, webhook_id: int, *, actor: Actor, now: datetime) -> int:
    """Queue a test for an address, and return its message's id. Raises NotFoundError."""
    with database.write() as connection:
        webhook = _find(connection, webhook_id)
        _record(connection, "webhook tested", webhook.url, actor=actor, now=now)
        return queue_test(connection, webhook_id, {"webhook": webhook_id, "by": actor.name}, now)


def retry_messages(
    database: Database,
    *,
    message_id: int = 0,
    webhook_id: int = 0,
    actor: Actor,
    now: datetime,
) -> int:
    """Try what was given up once more, one message or all of an address; returns how many."""
    with database.write() as connection:
        if webhook_id:
            _find(connection, webhook_id)
        count = requeue_messages(connection, now, message_id=message_id, webhook_id=webhook_id)
        if count:
            of = f"message {message_id}" if message_id else f"webhook {webhook_id}"
            _record(
                connection, "webhook messages retried", of, actor=actor, now=now, detail=str(count)
            )
    return count


def _find(connection: Connection, webhook_id: int) -> Webhook:
    webhook = find_webhook(connection, webhook_id)
    if webhook is None:
        raise NotFoundError(f"no webhook {webhook_id}: see 'mailer webhooks list'")
    return webhook


def _record(
    connection: Connection,
    action: str,
    subject: str,
    *,
    actor: Actor,
    now: datetime,
    detail: str = "",
) -> None:
    record_change(
        connection,
        actor=actor.name,
        action=action,
        subject=subject,
        detail=detail,
        address=actor.address,
        now=now,
    )
