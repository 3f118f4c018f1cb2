"""`mailer suppressions …`: addresses that must get nothing, and why."""

from datetime import datetime
from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.errors import NotFoundError
from mailer.flows.documents import moment, suppression_document
from mailer.store.audit import COMMAND_LINE, record_change
from mailer.store.database import Connection
from mailer.store.readers import suppress
from mailer.store.suppressions import lift_suppression, list_suppressions

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(
    words: Annotated[str, typer.Argument(metavar="[WORDS]", help="Part of an address.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List addresses that must get nothing, newest first."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_suppressions(connection, words=words, ended=every, limit=limit)
    if as_json:
        print_json([suppression_document(one) for one in found])
        return
    print_table(
        ["email", "reason", "since", "until", "evidence"],
        [
            [
                one.email,
                one.reason,
                moment(one.started_at) or "",
                moment(one.ended_at) or "",
                one.evidence,
            ]
            for one in found
        ],
        "nobody is suppressed",
    )


@app.command("add")
def add(
    email: str,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "by an operator",
    as_json: JsonOption = False,
) -> None:
    """Let an address get nothing any more, whatever it follows; again is no change."""
    address = read_address(email)
    with open_room() as room, room.desk.database.write() as connection:
        now = room.clock()
        evidence = "from the command line"
        added = suppress(connection, address.key, clean_header(reason), evidence, now)
        if added:
            _record(connection, "suppressed", address.key, now)
        (found,) = list_suppressions(connection, email_key=address.key)
    if as_json:
        print_json({**suppression_document(found), "new": added})
        return
    say(f"{address.shown} gets nothing any more" if added else f"{address.shown} already was")


@app.command("remove")
def remove(email: str, as_json: JsonOption = False) -> None:
    """Let an address get mail again, if it is confirmed and still follows something."""
    address = read_address(email)
    with open_room() as room, room.desk.database.write() as connection:
        now = room.clock()
        if not lift_suppression(connection, address.key, now):
            raise NotFoundError(
                f"{address.shown} is not suppressed: 'mailer suppressions list' shows who is"
            )
        _record(connection, "suppression lifted", address.key, now)
        (found,) = list_suppressions(connection, email_key=address.key, ended=True, limit=1)
    if as_json:
        print_json(suppression_document(found))
        return
    say(f"{address.shown} may get mail again")


def _record(connection: Connection, action: str, email_key: str, now: datetime) -> None:
    record_change(connection, actor=COMMAND_LINE, action=action, subject=email_key, now=now)
