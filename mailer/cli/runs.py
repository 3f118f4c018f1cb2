"""`mailer runs …`."""

from typing import Annotated

import typer
from rich.console import Console

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.cli.watching import look_at_run, progress_bar
from mailer.core.deliveries import DeliveryState
from mailer.core.hygiene import clean_header
from mailer.core.runs import Run, RunState
from mailer.flows.documents import plain_document, run_document
from mailer.flows.steer_run import Steer, steer_run
from mailer.store.editions import plain_reasons
from mailer.store.runs import find_run, list_runs

app = typer.Typer(no_args_is_help=True)
RunId = Annotated[int, typer.Argument(metavar="ID", help="See 'mailer runs list'.")]
_WATCH_SECONDS = 0.5


def count_words(run: Run) -> str:
    """Write a run's counts by state: "18 accepted, 1 refused"."""
    return ", ".join(f"{count} {state}" for state, count in sorted(run.counts.items())) or "no mail"


def has_failures(run: Run) -> bool:
    """Say whether mail of a run is neither accepted nor rightly withheld, or the run is stopped."""
    good = (DeliveryState.ACCEPTED, DeliveryState.WITHHELD)
    bad = sum(count for state, count in run.counts.items() if state not in good)
    return bad > 0 or run.state is RunState.PAUSED


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
def show(run_id: RunId, as_json: JsonOption = False) -> None:
    """Show one run; its counts by state add up to planned."""
    with open_room() as room, room.desk.database.read() as connection:
        document = run_document(find_run(connection, run_id))
        plain = plain_reasons(connection, run_id)
    if as_json:
        print_json({**document, "plain": plain_document(plain)})
        return
    for name, value in document.items():
        shown = (
            ", ".join(f"{v} {k}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        say(f"{name:<13} {'' if shown is None else shown}")
    for locale, format, reason in plain:
        note(f"each {locale} {format} mail is made by itself, a hundred times as slowly: {reason}")


@app.command("watch")
def watch(run_id: RunId) -> None:
    """Follow a run until it is done or stopped, or until all that is left waits for a retry.

    Exit code 1 when some mail was refused, is in doubt or waits.
    """
    console = Console()
    with open_room() as room:
        if console.is_terminal:
            with progress_bar(console, run_id) as draw:
                run = look_at_run(room, run_id, draw, every_seconds=_WATCH_SECONDS)
            _say_counts(run)
        else:
            shown = ""

            def print_changes(run: Run) -> None:
                nonlocal shown
                shown = _say_counts(run, unless=shown)

            run = look_at_run(room, run_id, print_changes, every_seconds=_WATCH_SECONDS)
    if run.state_reason:
        note(run.state_reason)
    if has_failures(run):
        raise typer.Exit(1)


def _say_counts(run: Run, unless: str = "") -> str:
    """Print how far a run is, unless that is what was printed last; return the line."""
    line = f"run {run.id} is {run.state}: {run.planned_count} planned, {count_words(run)}"
    if line != unless:
        say(line)
    return line


ReasonOption = Annotated[str, typer.Option("--reason", help="Shown wherever the run is.")]


@app.command("pause")
def pause(run_id: RunId, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Stop planning and sending; what is being sent at this moment still is."""
    _steer(run_id, Steer.PAUSE, reason, as_json)


@app.command("resume")
def resume(run_id: RunId, as_json: JsonOption = False) -> None:
    """Go on with a paused run where it stopped."""
    _steer(run_id, Steer.RESUME, "", as_json)


@app.command("cancel")
def cancel(run_id: RunId, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """End a run for good: what was not sent will not be."""
    _steer(run_id, Steer.CANCEL, reason, as_json)


@app.command("retry")
def retry(run_id: RunId, as_json: JsonOption = False) -> None:
    """Plan refused mail anew, and queue held mail again."""
    _steer(run_id, Steer.RETRY, "", as_json)


def _steer(run_id: int, action: Steer, reason: str, as_json: bool) -> None:
    with open_room() as room:
        run = steer_run(
            room.desk.database,
            run_id,
            action,
            now=room.clock(),
            signer=room.desk.signer,
            throttle=room.desk.throttle,
            reason=clean_header(reason),
        )
        record(room, f"run {action}", f"run {run_id}", clean_header(reason))
    if as_json:
        print_json(run_document(run))
        return
    _say_counts(run)
    if run.state in (RunState.PLANNING, RunState.SENDING):
        say("workers go on with it; without workers: 'mailer drain'")
