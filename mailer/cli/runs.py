"""`mailer runs …`."""

from typing import Annotated

import typer

from mailer.cli.documents import run_document
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room
from mailer.core.runs import Run
from mailer.store.runs import find_run, list_runs

app = typer.Typer(help="Runs: list, show.", no_args_is_help=True)


def count_words(run: Run) -> str:
    """Write a run's counts by state: "18 accepted, 1 refused"."""
    return ", ".join(f"{count} {state}" for state, count in sorted(run.counts.items())) or "no mail"


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest runs."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_runs(connection, limit)
    if as_json:
        print_json([run_document(run) for run in found])
        return
    print_table(
        ["run#", "newsletter", "cadence", "as of", "state", "planned#", "deliveries"],
        [
            [
                run.id,
                run.newsletter,
                run.cadence,
                run.as_of.isoformat(),
                run.state,
                run.planned_count,
                count_words(run),
            ]
            for run in found
        ],
        "no runs yet: 'mailer send NEWSLETTER CADENCE'",
    )


@app.command("show")
def show(run_id: Annotated[int, typer.Argument(metavar="ID")], as_json: JsonOption = False) -> None:
    """Show one run; its counts by state add up to planned."""
    with open_room() as room, room.desk.database.read() as connection:
        document = run_document(find_run(connection, run_id))
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        shown = (
            ", ".join(f"{v} {k}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        say(f"{name:<13} {'' if shown is None else shown}")
