"""`mailer deliveries …`."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import headline, note, print_json, print_table, say
from mailer.cli.parts import Part, print_part, read_part
from mailer.cli.room import open_room, record
from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.errors import InputError
from mailer.flows.documents import delivery_document, event_document, moment
from mailer.flows.preview_mail import rebuild_mail
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.store.ledger_reading import (
    DeliveryRow,
    doubtful_deliveries,
    events_of,
    find_delivery,
    list_deliveries,
)
from mailer.store.readers import find_reader

app = typer.Typer(no_args_is_help=True)
DeliveryId = Annotated[int, typer.Argument(metavar="ID", help="See 'mailer deliveries list'.")]


def print_deliveries(rows: list[DeliveryRow], empty: str) -> None:
    """Print deliveries as a table."""
    print_table(
        ["id#", "run#", "what", "to", "state", "items#", "tries#", "reply"],
        [
            [
                row.id,
                "" if row.run_id is None else row.run_id,
                row.what,
                row.email,
                row.state,
                len(row.items),
                row.attempt_count,
                row.reply or row.state_reason,
            ]
            for row in rows
        ],
        empty,
    )


@app.command("list")
def list_all(
    run: Annotated[int | None, typer.Option(help="Only of this run.")] = None,
    reader: Annotated[str, typer.Option(help="Only to this address.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, narrowed by run, reader or state."""
    try:
        wanted = DeliveryState(state) if state else None
    except ValueError as error:
        raise InputError(f"unknown state '{state}': use {', '.join(DeliveryState)}") from error
    with open_room() as room, room.desk.database.read() as connection:
        reader_id = find_reader(connection, read_address(reader)).id if reader else None
        rows = list_deliveries(
            connection, run_id=run, reader_id=reader_id, state=wanted, limit=limit
        )
    if as_json:
        print_json([delivery_document(row) for row in rows])
        return
    print_deliveries(rows, "no such deliveries")


@app.command("show")
def show(
    delivery_id: DeliveryId,
    part: Annotated[
        str, typer.Option(help="Print a part of the mail: headers, text, html or source.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Show one delivery, its history, and its mail, rebuilt exactly, with its signatures."""
    wanted = read_part(part) if part else None
    with open_room() as room:
        with room.desk.database.read() as connection:
            row = find_delivery(connection, delivery_id)
            events = events_of(connection, delivery_id)
        rebuilt = rebuild_mail(room.desk, delivery_id)
        content, of_signatures = room.as_sent(delivery_id, rebuilt.content)
    if of_signatures:
        note(of_signatures)
    if as_json:
        print_json(
            {
                **delivery_document(row),
                "events": [event_document(event) for event in events],
                "subject": rebuilt.mail.subject,
                "size": len(content),
                "source": content.decode("utf-8", "replace"),
            }
        )
        return
    if wanted is not None:
        print_part(rebuilt.mail, content, wanted)
        return
    for name, value in delivery_document(row).items():
        if name != "items":
            say(f"{name:<14} {'' if value is None else value}")
    for item in row.items:
        say(f"{'item':<14} {item.uid} revision {item.revision}, {item.shown}")
    for event in events:
        say(f"{'event':<14} {event.at.isoformat()} {event.event} {event.code or ''} {event.detail}")
    headline("mail")
    print_part(rebuilt.mail, content, Part.HEADERS)
    say()
    print_part(rebuilt.mail, content, Part.TEXT)


@app.command("doubtful")
def doubtful(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a decision: mail in doubt, which may have been accepted, and held mail.

    Look a Message-ID up in the mail server's log, then say 'mailer deliveries resolve'.
    """
    with open_room() as room, room.desk.database.read() as connection:
        rows = doubtful_deliveries(connection, limit)
    if as_json:
        print_json([delivery_document(row) for row in rows])
        return
    print_table(
        [
            "id#",
            "run#",
            "what",
            "to",
            "state",
            "since",
            "tries#",
            "resent#",
            "what is known",
            "Message-ID",
        ],
        [
            [
                row.id,
                "" if row.run_id is None else row.run_id,
                row.what,
                row.email,
                row.state,
                moment(row.settled_at) or "",
                row.attempt_count,
                row.resend_count,
                row.reply or row.state_reason,
                row.message_id,
            ]
            for row in rows
        ],
        "nothing is in doubt or held",
    )


@app.command("resolve")
def resolve(
    delivery_id: DeliveryId,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send it again, with the same Message-ID.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="It has arrived: there is proof elsewhere.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Decide about a delivery that is in doubt or held."""
    if resend == accept:
        raise InputError("say either --resend or --accept")
    with open_room() as room:
        row = resolve_delivery(
            room.desk.database,
            delivery_id,
            Resolution.RESEND if resend else Resolution.ACCEPT,
            now=room.clock(),
        )
        done = Resolution.RESEND if resend else Resolution.ACCEPT
        record(room, f"delivery {done}", f"delivery {delivery_id}")
    if as_json:
        print_json(delivery_document(row))
        return
    say(f"delivery {row.id} to {row.email} is {row.state}: {row.state_reason}")
    if resend:
        say("workers send it; without workers: 'mailer drain'")
