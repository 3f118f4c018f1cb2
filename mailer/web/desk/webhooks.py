"""Webhooks: who is told of what, the last answers, a test, a new secret."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.bootstrap import webhook_sender
from mailer.core.webhooks import CHOOSABLE, MessageState, Webhook, read_kinds
from mailer.errors import InputError
from mailer.flows.keep_webhooks import (
    Actor,
    add_webhook,
    enable_webhook,
    queue_webhook_test,
    remove_webhook,
    retry_messages,
    rotate_webhook,
)
from mailer.flows.webhook_documents import webhook_state
from mailer.store.webhook_outbox import given_up_counts, list_messages
from mailer.store.webhooks import list_webhooks
from mailer.web.desk.shifts import Administers, Operates, Shift
from mailer.web.visits import Area, Fields, Posted

router = Area(prefix="/operate/webhooks")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_SHOWN = 50


class WebhookStep(StrEnum):
    """What can be done to a webhook."""

    TEST = "test"
    ROTATE = "rotate"
    ENABLE = "enable"
    RETRY = "retry"
    REMOVE = "remove"


@router.get("")
def show_all(shift: Operates) -> Response:
    """List webhooks and the last messages to them."""
    return _page(shift, Fields([]))


@router.post("")
def add(shift: Administers, posted: Posted) -> Response:
    """Add a webhook; its secret is shown on the page that answers, and never again."""
    try:
        webhook = add_webhook(
            shift.database,
            posted["url"],
            read_kinds(posted.all("event")),
            https_only=shift.visit.room.is_production,
            actor=_actor(shift),
            now=shift.visit.now,
        )
    except InputError as problem:
        return _page(shift, posted, error=str(problem), status=422)
    return _page(shift, Fields([]), made=webhook)


@router.post("/{webhook_id}/{webhook_step}")
def act(shift: Administers, webhook_id: AnId, webhook_step: WebhookStep) -> Response:
    """Test, mend or remove a webhook."""
    database, actor, now = shift.database, _actor(shift), shift.visit.now
    match webhook_step:
        case WebhookStep.TEST:
            message_id = queue_webhook_test(database, webhook_id, actor=actor, now=now)
            told = webhook_sender(shift.visit.room).send_now(message_id)
            answered = f"answered {told.status}" if told.status else "did not answer"
            is_taken = told.state is MessageState.DELIVERED
            done = f"The test was {'taken' if is_taken else 'not taken'}: it {answered}."
        case WebhookStep.ROTATE:
            made = rotate_webhook(database, webhook_id, actor=actor, now=now)
            return _page(shift, Fields([]), made=made)
        case WebhookStep.ENABLE:
            done = f"Told again: {enable_webhook(database, webhook_id, actor=actor, now=now).url}"
        case WebhookStep.RETRY:
            count = retry_messages(database, webhook_id=webhook_id, actor=actor, now=now)
            done = f"{count} given up before, queued once more"
        case WebhookStep.REMOVE:
            gone = remove_webhook(database, webhook_id, actor=actor, now=now)
            done = f"Removed: {gone.url}"
    return shift.go("/operate/webhooks", done)


def _page(
    shift: Shift,
    fields: Fields,
    *,
    error: str = "",
    status: int = 200,
    made: Webhook | None = None,
) -> Response:
    with shift.database.read() as connection:
        found = list_webhooks(connection)
        told = list_messages(connection, limit=_SHOWN)
        given_up = given_up_counts(connection)
    return shift.page(
        "webhooks.html",
        status=status,
        webhooks=[(one, webhook_state(one)) for one in found],
        messages=told,
        given_up=given_up,
        kinds=CHOOSABLE,
        chosen=fields.all("event"),
        fields=fields,
        error=error,
        made=made,
    )


def _actor(shift: Shift) -> Actor:
    return Actor(shift.operator.email, shift.visit.client)
