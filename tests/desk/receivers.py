"""Receivers of webhooks: what they were sent, and what they answer."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailer.core.webhooks import EventKind, Webhook
from mailer.errors import ServiceAway
from mailer.flows.guard_restore import RestoreGuard
from mailer.flows.keep_webhooks import (
    Actor,
    add_webhook,
)
from mailer.flows.send_webhooks import SentWebhooks, WebhookSender
from mailer.ingest.posting import Posted
from mailer.store.database import Database
from mailer.store.webhook_outbox import Fact, Message, list_messages, tell
from tests.builders import NOON

CMS = "https://cms.example/hook"
CRM = "https://crm.example/hook"
ME = Actor("test")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class Receiver:
    """Answers by address; 200 unless told otherwise, None for no answer at all."""

    answers: dict[str, int | None] = field(default_factory=dict)
    retry_after: int = 0
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def post(
        self, url: str, body: bytes, headers: dict[str, str], *, allow_loopback: bool
    ) -> Posted:
        self.got.append((url, body, headers))
        status = self.answers.get(url, 200)
        if status is None:
            raise ServiceAway("no answer within 10 s")
        return Posted(status, "ok" if status < 300 else "no", self.retry_after)

    def documents(self) -> list[Any]:
        return [json.loads(body) for _, body, _ in self.got]


def add(database: Database, url: str = CMS, *kinds: EventKind) -> Webhook:
    wanted = kinds or (EventKind.STORY_PUBLISHED, EventKind.RUN_PAUSED)
    return add_webhook(database, url, wanted, https_only=True, actor=ME, now=NOON)


def send(database: Database, receiver: Receiver, now: datetime = NOON) -> SentWebhooks:
    sender = WebhookSender(
        database, lambda: now, guard=RestoreGuard(), allow_loopback=False, post=receiver.post
    )
    return sender.send_due()


def told(database: Database) -> list[Message]:
    with database.read() as connection:
        return list(reversed(list_messages(connection)))


def event(database: Database, number: int = 1) -> None:
    with database.write() as connection:
        tell(connection, EventKind.RUN_PAUSED, [Fact({"run": number}, NOON)])
