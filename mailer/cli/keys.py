"""`mailer keys …`: keys with which programs use the API."""

from typing import Annotated, Any

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.api_keys import ApiKey, read_scopes
from mailer.flows.documents import moment
from mailer.flows.keep_keys import add_key, revoke_key
from mailer.store.api_keys import list_keys
from mailer.store.audit import COMMAND_LINE

app = typer.Typer(no_args_is_help=True)


def key_document(key: ApiKey) -> dict[str, Any]:
    """A key, without what opens anything."""
    return {
        "name": key.name,
        "hint": key.hint,
        "scopes": sorted(key.scopes),
        "created_at": moment(key.created_at),
        "last_used_at": moment(key.last_used_at),
        "revoked_at": moment(key.revoked_at),
    }


@app.command("add")
def add(
    name: str,
    scope: Annotated[
        list[str], typer.Option(metavar="SCOPE,…", help="What it may do, such as stories:write.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Add a key for a program. It is shown this once."""
    with open_room() as room:
        added = add_key(
            room.desk.database, name, read_scopes(scope), actor=COMMAND_LINE, now=room.clock()
        )
    if as_json:
        print_json({**key_document(added.key), "key": added.text})
        return
    note(f"Key '{added.key.name}' may {', '.join(sorted(added.key.scopes))}. Keep it now:")
    say(added.text)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List keys, revoked ones too."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_keys(connection)
    if as_json:
        print_json([key_document(key) for key in found])
        return
    print_table(
        ["name", "begins", "scopes", "last used", "revoked"],
        [
            [
                k.name,
                f"{k.hint}…",
                ", ".join(sorted(k.scopes)),
                k.last_used_at or "",
                k.revoked_at or "",
            ]
            for k in found
        ],
        "no keys yet: 'mailer keys add NAME --scope stories:write' adds one",
    )


@app.command("revoke")
def revoke(name: str) -> None:
    """Revoke a key: what uses it is refused from now on."""
    with open_room() as room:
        key = revoke_key(room.desk.database, name, actor=COMMAND_LINE, now=room.clock())
    say(f"key '{key.name}' is revoked")
