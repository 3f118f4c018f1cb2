"""Webhooks and their messages as JSON documents; secrets stand in none of them."""

from mailer.core.webhooks import Webhook, message_name
from mailer.flows.documents import Document, moment
from mailer.store.webhook_outbox import Message


def webhook_document(webhook: Webhook) -> Document:
    """A webhook."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.kinds),
        "state": webhook_state(webhook),
        "created_at": moment(webhook.created_at),
        "failing_since_at": moment(webhook.failing_since_at),
        "rests_until_at": moment(webhook.rests_until_at),
        "disabled_at": moment(webhook.disabled_at),
    }


def webhook_state(webhook: Webhook) -> str:
    """Say in words how an address behaves."""
    if webhook.disabled_at is not None:
        return f"disabled: {webhook.disabled_reason}"
    if webhook.failing_since_at is not None:
        return f"failing since {webhook.failing_since_at:%Y-%m-%d %H:%M} UTC"
    return "works"


def message_document(message: Message) -> Document:
    """A message, with what was told and what was answered."""
    return {
        "id": message.id,
        "webhook_id": message.webhook_id,
        "name": message_name(message.id, message.created_at),
        "event": message.kind,
        "data": dict(message.data),
        "state": message.state,
        "attempts": message.attempt_count,
        "created_at": moment(message.created_at),
        "due_at": moment(message.due_at),
        "tried_at": moment(message.tried_at),
        "status": message.status,
        "answer": message.answer,
        "settled_at": moment(message.settled_at),
    }
