"""Webhooks for programs: keep them, test them, see what was told."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mailer.core.api_keys import Scope
from mailer.core.webhooks import LONGEST_URL, MessageState, read_kinds
from mailer.flows.keep_webhooks import (
    Actor,
    add_webhook,
    enable_webhook,
    queue_webhook_test,
    remove_webhook,
    retry_messages,
    rotate_webhook,
)
from mailer.flows.webhook_documents import message_document, webhook_document
from mailer.store.webhook_outbox import find_message, list_messages
from mailer.store.webhooks import list_webhooks
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area

router = Area(include_in_schema=True)
Reads = Annotated[Call, allowed(Scope.WEBHOOKS_READ)]
Writes = Annotated[Call, allowed(Scope.WEBHOOKS_WRITE)]
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class WebhookIn(BaseModel):
    """An address to tell, and of what; without `events` of everything."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST_URL)
    events: list[str] = Field(default_factory=lambda: ["*"], max_length=50)


class WebhookStep(StrEnum):
    """What can be done to a webhook."""

    TEST = "test"
    ROTATE = "rotate"
    ENABLE = "enable"
    RETRY = "retry"


@router.get("/webhooks", summary="List webhooks", tags=["webhooks"])
def list_all(call: Reads) -> Document:
    """List who is told of what; secrets are shown when they are made, and never again."""
    with call.visit.room.desk.database.read() as connection:
        found = list_webhooks(connection)
    return {"items": [webhook_document(one) for one in found]}


@router.post("/webhooks", status_code=201, summary="Add a webhook", tags=["webhooks"])
def add(call: Writes, wanted: WebhookIn) -> JSONResponse:
    """Tell an address from now on; its `secret` is in this answer and nowhere else."""
    room = call.visit.room
    webhook = add_webhook(
        room.desk.database,
        wanted.url,
        read_kinds(wanted.events),
        https_only=room.is_production,
        actor=_actor(call),
        now=call.visit.now,
    )
    return JSONResponse({**webhook_document(webhook), "secret": webhook.secret}, status_code=201)


@router.delete("/webhooks/{webhook_id}", summary="Remove a webhook", tags=["webhooks"])
def remove(call: Writes, webhook_id: AnId) -> Document:
    """Tell an address nothing more."""
    database = call.visit.room.desk.database
    return webhook_document(
        remove_webhook(database, webhook_id, actor=_actor(call), now=call.visit.now)
    )


@router.post("/webhooks/{webhook_id}/{step}", summary="Test or mend a webhook", tags=["webhooks"])
def act(call: Writes, webhook_id: AnId, step: WebhookStep, name: Named = "") -> JSONResponse:
    """Queue a test, change the secret (shown in the answer), enable it, or retry what failed."""
    database, actor, now = call.visit.room.desk.database, _actor(call), call.visit.now

    def do() -> tuple[int, Document]:
        match step:
            case WebhookStep.TEST:
                message_id = queue_webhook_test(database, webhook_id, actor=actor, now=now)
                return 202, {"message": message_id}
            case WebhookStep.RETRY:
                return 200, {
                    "queued": retry_messages(database, webhook_id=webhook_id, actor=actor, now=now)
                }
            case WebhookStep.ENABLE:
                webhook = enable_webhook(database, webhook_id, actor=actor, now=now)
                return 200, webhook_document(webhook)
            case WebhookStep.ROTATE:
                webhook = rotate_webhook(database, webhook_id, actor=actor, now=now)
                return 200, {**webhook_document(webhook), "secret": webhook.secret}

    if step is WebhookStep.ROTATE:
        # An answer with a secret is not kept to be given again.
        status, document = do()
        return JSONResponse(document, status_code=status)
    return once(call, name, None, do)


@router.get("/webhook-messages", summary="List what was told", tags=["webhooks"])
def list_told(
    call: Reads,
    cursor: Cursor,
    limit: Limit = 50,
    webhook: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    state: MessageState | None = None,
) -> Document:
    """List messages, newest first, with what was answered."""
    with call.visit.room.desk.database.read() as connection:
        found = list_messages(
            connection, webhook_id=webhook, state=state, before_id=cursor, limit=limit
        )
    documents = [message_document(one) for one in found]
    return page(documents, found[-1].id if found else None, limit)


@router.post("/webhook-messages/{message_id}/retry", summary="Try once more", tags=["webhooks"])
def retry(call: Writes, message_id: AnId, name: Named = "") -> JSONResponse:
    """Queue a message that was given up; any other stays as it is."""
    database = call.visit.room.desk.database

    def do() -> tuple[int, Document]:
        retry_messages(database, message_id=message_id, actor=_actor(call), now=call.visit.now)
        with database.read() as connection:
            found = find_message(connection, message_id)
        if found is None:
            raise HTTPException(404)
        return 200, message_document(found)

    return once(call, name, None, do)


def _actor(call: Call) -> Actor:
    return Actor(call.actor, call.visit.client)
