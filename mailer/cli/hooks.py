"""`mailer hooks …`: where mail services call, and what was refused."""

from typing import Annotated

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table
from mailer.cli.room import open_room
from mailer.core.hooks import Provider
from mailer.flows.documents import moment
from mailer.flows.take_hook import source_of
from mailer.store.hooks import last_notice_at, list_refusals

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List the hooks: their addresses, whether they are set up, when they last told something."""
    with open_room() as room, room.desk.database.read() as connection:
        secrets, public_url = room.settings.hook_secrets, room.settings.public_url
        found = [
            (
                provider,
                f"{public_url}/hooks/{provider}",
                secrets.listens_to(provider),
                last_notice_at(connection, source_of(provider)),
            )
            for provider in Provider
        ]
    if as_json:
        print_json(
            [
                {"provider": name, "url": url, "set_up": ready, "last_notice_at": moment(at)}
                for name, url, ready, at in found
            ]
        )
        return
    print_table(
        ["hook", "address", "set up", "last notice"],
        [[name, url, "yes" if ready else "no", at or ""] for name, url, ready, at in found],
        "",
    )


@app.command("refused")
def refused(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """List calls that were not believed, by client and reason, the latest first."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_refusals(connection, limit)
    if as_json:
        print_json(
            [
                {
                    "provider": row.provider,
                    "reason": row.reason,
                    "client": row.client,
                    "count": row.count,
                    "first_at": moment(row.first_at),
                    "last_at": moment(row.last_at),
                }
                for row in found
            ]
        )
        return
    print_table(
        ["hook", "why", "from", "calls#", "first", "last"],
        [[r.provider, r.reason, r.client, r.count, r.first_at, r.last_at] for r in found],
        "no call of a hook was refused",
    )
