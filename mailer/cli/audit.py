"""`mailer audit …`: who changed what."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table
from mailer.cli.room import open_room
from mailer.flows.documents import moment
from mailer.store.audit import list_changes

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(
    by: Annotated[str, typer.Option(help="Only what this operator or key did.")] = "",
    about: Annotated[str, typer.Option(help="Only what was done to this.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List changes, newest first."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_changes(connection, actor=by, subject=about, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "id": entry.id,
                    "at": moment(entry.at),
                    "actor": entry.actor,
                    "action": entry.action,
                    "subject": entry.subject,
                    "detail": entry.detail,
                    "address": entry.address,
                }
                for entry in found
            ]
        )
        return
    print_table(
        ["at", "who", "did", "to", "with", "from"],
        [[e.at, e.actor, e.action, e.subject, e.detail, e.address] for e in found],
        "nothing was changed yet",
    )
