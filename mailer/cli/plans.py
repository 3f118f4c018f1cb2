"""`mailer plan`, `send`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.options import (
    AsOfOption,
    CadenceArgument,
    JsonOption,
    NewsletterArgument,
    read_cadence,
)
from mailer.cli.output import note, print_json, say
from mailer.cli.progress import progress
from mailer.cli.room import open_room, record
from mailer.cli.runs import count_words, has_failures
from mailer.cli.sending import ring_for_run, work_run
from mailer.core.moments import read_moment
from mailer.core.runs import PlannedMail, RunState
from mailer.errors import InputError
from mailer.flows.check_templates import check_templates
from mailer.flows.documents import moment, plan_document, planned_document, run_document
from mailer.flows.draft_plan import draft_plan
from mailer.flows.open_run import open_run
from mailer.flows.plan_differences import plan_differences

ReaderOption = Annotated[str, typer.Option("--reader", metavar="EMAIL", help="Only this reader.")]


def plan(
    newsletter: NewsletterArgument,
    cadence: CadenceArgument,
    as_of: AsOfOption = "",
    reader: ReaderOption = "",
    diff: Annotated[
        Path | None, typer.Option(help="Compare with a plan saved earlier by --json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Dry run: which reader would get which story, and why. Writes nothing."""
    # Whoever pipes it on wants the plan and nothing else.
    quiet = as_json or not sys.stdout.isatty()
    with open_room() as room, progress("planning", None, quiet=quiet) as see:
        drafted = draft_plan(
            room.desk,
            newsletter,
            read_cadence(cadence),
            as_of=read_moment(as_of, room.clock()),
            reader_email=reader or None,
            see=None if quiet else see,
        )
    document = plan_document(drafted)
    if diff is not None:
        differences = plan_differences(_read_plan(diff), document)
        if as_json:
            print_json(differences)
        else:
            for line in differences["lines"]:
                say(line)
        return
    if as_json:
        print_json(document)
        return
    for mail in drafted.mails:
        say_planned(mail)
    for mail in drafted.silent:
        say_planned(mail)
    counts = document["counts"]
    say(
        f"\n{counts['mails']} mails ({counts['distinct']} distinct) with {counts['items']} items; "
        f"readers with nothing new: {counts['nothing_new']}; stories muted: {counts['muted']}"
    )
    say(f"as of {moment(drafted.as_of)}, plan hash {drafted.plan_hash}")


def _read_plan(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read '{path}' as a plan saved by --json: {error}") from error
    if not isinstance(document, dict) or "mails" not in document:
        raise InputError(f"'{path}' is no plan: save one with 'mailer plan … --json > {path}'")
    return document


def say_planned(mail: PlannedMail) -> None:
    """Print one reader's part: each story with its reasons, and what was left out and why."""
    document = planned_document(mail)
    say(f"{document['email']}: {len(document['items']) or 'nothing new'}")
    for item in document["items"]:
        shown = "" if item["shown"] == "full" else f" ({item['shown']})"
        say(f"  {item['uid']}  {item['title']}{shown}")
        say(f"      {'; '.join(item['reasons'])}")
    for omitted in document["omitted"]:
        say(f"  left out {omitted['uid']}: {omitted['why']} {omitted['detail']}".rstrip())


def send(
    newsletter: NewsletterArgument,
    cadence: CadenceArgument,
    as_of: AsOfOption = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show progress to the end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a newsletter's cadence now. The same moment again is the same run, and sends nothing.

    Exit code 1 when some mail was refused, is in doubt or waits for a retry.
    """
    with open_room() as room:
        now = room.clock()
        room.desk.guard.check(room.desk.database, now)
        check_templates(room.desk, newsletter, read_cadence(cadence))
        opened = open_run(
            room.desk.database,
            newsletter,
            read_cadence(cadence),
            as_of=read_moment(as_of, now),
            now=now,
        )
        if opened.created:
            record(room, "run opened", f"run {opened.run_id}", f"{newsletter} {cadence}")
        if room.settings.is_embedded:
            stream = sys.stderr if as_json else sys.stdout
            done = work_run(room, opened.run_id, progress=wait, stream=stream)
        else:
            done = ring_for_run(room, opened.run_id, wait=wait)
    if as_json:
        print_json(run_document(done))
    else:
        again = "" if opened.created else " (this slot had run before)"
        say(f"run {done.id} is {done.state}{again}:")
        say(f"{done.planned_count} planned, {count_words(done)}")
        if done.nothing_new_count:
            say(f"readers with nothing new, who get no mail: {done.nothing_new_count}")
        if done.state_reason:
            note(done.state_reason)
        if not (room.settings.is_embedded or wait):
            say("workers do the rest: 'mailer runs watch' follows them")
        elif done.state is RunState.SENDING:
            note("some mail waits for a retry: 'mailer drain' sends what is due")
    if (room.settings.is_embedded or wait) and has_failures(done):
        raise typer.Exit(1)
