"""`mailer webhooks …`: programs that are told what happens."""

from typing import Annotated

import typer

from mailer.bootstrap import webhook_sender
from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.hygiene import clean_header
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
from mailer.flows.webhook_documents import message_document, webhook_document, webhook_state
from mailer.store.audit import COMMAND_LINE
from mailer.store.webhook_outbox import list_messages
from mailer.store.webhooks import list_webhooks

app = typer.Typer(no_args_is_help=True)
_ME = Actor(COMMAND_LINE)
_Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="As 'webhooks list' shows it.")]


@app.command("add")
def add(
    url: str,
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND,…", help=f"{', '.join(CHOOSABLE)}; all without."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell an address what happens. Its secret is shown this once."""
    with open_room() as room:
        webhook = add_webhook(
            room.desk.database,
            url,
            read_kinds(event or ["*"]),
            https_only=room.is_production,
            actor=_ME,
            now=room.clock(),
        )
    _show_secret(webhook, as_json=as_json)


@app.command("rotate")
def rotate(webhook_id: _Id, as_json: JsonOption = False) -> None:
    """Give a webhook a new secret, shown this once; the old one signs, too, for a day."""
    with open_room() as room:
        webhook = rotate_webhook(room.desk.database, webhook_id, actor=_ME, now=room.clock())
    _show_secret(webhook, as_json=as_json)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List who is told of what, and how each address behaves."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_webhooks(connection)
    if as_json:
        print_json([webhook_document(one) for one in found])
        return
    print_table(
        ["id#", "address", "events", "state"],
        [[one.id, one.url, ", ".join(one.kinds), webhook_state(one)] for one in found],
        "no webhooks yet: 'mailer webhooks add URL --event story.published' adds one",
    )


@app.command("remove")
def remove(webhook_id: _Id) -> None:
    """Tell an address nothing more."""
    with open_room() as room:
        webhook = remove_webhook(room.desk.database, webhook_id, actor=_ME, now=room.clock())
    say(f"{webhook.url} is told nothing more")


@app.command("enable")
def enable(webhook_id: _Id) -> None:
    """Tell an address again that was disabled, or rests after failures."""
    with open_room() as room:
        webhook = enable_webhook(room.desk.database, webhook_id, actor=_ME, now=room.clock())
    say(f"{webhook.url} is told again")


@app.command("test")
def send_test(webhook_id: _Id, as_json: JsonOption = False) -> None:
    """Send a test now, and say what was answered; exit code 1 when it was not taken."""
    with open_room() as room:
        message_id = queue_webhook_test(room.desk.database, webhook_id, actor=_ME, now=room.clock())
        message = webhook_sender(room).send_now(message_id)
    if as_json:
        print_json(message_document(message))
    else:
        answered = f"answered {message.status}" if message.status else "did not answer"
        say(clean_header(f"webhook {webhook_id} {answered} {message.answer}"))
    if message.state is not MessageState.DELIVERED:
        raise typer.Exit(1)


@app.command("deliveries")
def deliveries(
    webhook: Annotated[int, typer.Option(metavar="ID", min=0, help="Only of this one.")] = 0,
    state: Annotated[str, typer.Option(help=f"{', '.join(MessageState)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List messages to webhooks, the latest first, with what was answered."""
    wanted = _read_state(state) if state else None
    with open_room() as room, room.desk.database.read() as connection:
        found = list_messages(connection, webhook_id=webhook, state=wanted, limit=limit)
    if as_json:
        print_json([message_document(one) for one in found])
        return
    print_table(
        ["id#", "webhook#", "event", "at", "state", "tries#", "answer", "next try"],
        [
            [
                m.id,
                m.webhook_id,
                m.kind,
                m.created_at,
                m.state,
                m.attempt_count,
                f"{m.status or ''} {m.answer}".strip(),
                m.due_at if m.state is MessageState.QUEUED else "",
            ]
            for m in found
        ],
        "nothing was told yet",
    )


@app.command("retry")
def retry(
    message_id: Annotated[int, typer.Argument(metavar="[MESSAGE]", min=0)] = 0,
    webhook: Annotated[
        int, typer.Option(metavar="ID", min=0, help="All that was given up of this webhook.")
    ] = 0,
) -> None:
    """Try what was given up once more: one message, or all of a webhook."""
    if bool(message_id) == bool(webhook):
        raise InputError("name one message, or --webhook ID for all of a webhook")
    with open_room() as room:
        count = retry_messages(
            room.desk.database,
            message_id=message_id,
            webhook_id=webhook,
            actor=_ME,
            now=room.clock(),
        )
    say(f"{count} given up before, queued once more")


def _show_secret(webhook: Webhook, *, as_json: bool) -> None:
    if as_json:
        print_json({**webhook_document(webhook), "secret": webhook.secret})
        return
    note(f"Webhook {webhook.id} tells {webhook.url}: {', '.join(webhook.kinds)}.")
    note("Its secret, shown this once:")
    say(webhook.secret)


def _read_state(text: str) -> MessageState:
    try:
        return MessageState(text.strip().casefold())
    except ValueError as error:
        known = ", ".join(MessageState)
        raise InputError(f"unknown state '{clean_header(text, 40)}': use {known}") from error
