"""`mailer plan`, `send`, `preview`."""

import json
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.documents import moment, plan_document, planned_document, run_document
from mailer.cli.options import (
    AsOfOption,
    CadenceArgument,
    JsonOption,
    NewsletterArgument,
    read_cadence,
    read_moment,
)
from mailer.cli.output import headline, note, print_json, say
from mailer.cli.parts import Part, print_part, read_part
from mailer.cli.plan_differences import plan_differences
from mailer.cli.room import open_room
from mailer.cli.runs import count_words, has_failures
from mailer.cli.sending import ring_for_run, work_run
from mailer.core.runs import PlannedMail, RunState
from mailer.errors import InputError
from mailer.flows.draft_plan import draft_plan
from mailer.flows.open_run import open_run
from mailer.flows.preview_mail import Preview, preview_mail

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
    with open_room() as room:
        drafted = draft_plan(
            room.desk,
            newsletter,
            read_cadence(cadence),
            as_of=read_moment(as_of, room.clock()),
            reader_email=reader or None,
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
        _say_planned(mail)
    for mail in drafted.silent:
        _say_planned(mail)
    counts = document["counts"]
    say(
        f"\n{counts['mails']} mails ({counts['distinct']} distinct) with {counts['items']} items; "
        f"{counts['nothing_new']} readers have nothing new; {counts['muted']} stories muted"
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


def _say_planned(mail: PlannedMail) -> None:
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
        opened = open_run(
            room.desk.database,
            newsletter,
            read_cadence(cadence),
            as_of=read_moment(as_of, now),
            now=now,
        )
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
            say(f"{done.nothing_new_count} readers have nothing new and get no mail")
        if done.state_reason:
            note(done.state_reason)
        if not (room.settings.is_embedded or wait):
            say("workers do the rest: 'mailer runs watch' follows them")
        elif done.state is RunState.SENDING:
            note("some mail waits for a retry: 'mailer drain' sends what is due")
    if (room.settings.is_embedded or wait) and has_failures(done):
        raise typer.Exit(1)


def preview(
    newsletter: NewsletterArgument,
    cadence: CadenceArgument,
    reader: Annotated[str, typer.Option("--reader", metavar="EMAIL", help="Whose mail.")],
    as_of: AsOfOption = "",
    part: Annotated[str, typer.Option(help="Only headers, text, html or source.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write the mail to FILE.html or FILE.eml instead.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the HTML in a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the very mail a reader would get, writing nothing to the ledger."""
    wanted = read_part(part) if part else None
    with open_room() as room:
        shown, planned = preview_mail(
            room.desk,
            newsletter,
            read_cadence(cadence),
            reader_email=reader,
            as_of=read_moment(as_of, room.clock()),
        )
        limit = room.settings.max_mail_kb
    if as_json:
        print_json(_preview_document(shown, planned))
        return
    if shown is None:
        if planned is None:
            say(f"{reader} would not be asked: no follow of this cadence, paused or not confirmed")
        else:
            say(f"{reader} would get no mail: nothing is new")
            _say_planned(planned)
        return
    if out is not None:
        _write(shown, out)
        say(f"written to {out}")
    elif browser:
        _open_in_browser(shown)
    elif wanted is not None:
        print_part(shown, wanted)
    else:
        headline("headers")
        print_part(shown, Part.HEADERS)
        headline("text")
        print_part(shown, Part.TEXT)
        if shown.mail.html:
            headline("html")
            print_part(shown, Part.HTML)
        headline("why")
        if planned is not None:
            _say_planned(planned)
        say(f"{len(shown.content) / 1024:.1f} KB of {limit} KB")


def _preview_document(shown: Preview | None, planned: PlannedMail | None) -> dict[str, object]:
    return {
        "mail": shown
        and {
            "subject": shown.mail.subject,
            "message_id": shown.letter.message_id,
            "text": shown.mail.text,
            "html": shown.mail.html,
            "size": len(shown.content),
            "source": shown.content.decode("utf-8", "replace"),
        },
        "plan": planned and planned_document(planned),
    }


def _write(shown: Preview, out: Path) -> None:
    if out.suffix not in (".html", ".eml"):
        raise InputError(f"'{out}' must end in .html or .eml: that says what is written")
    content = shown.content if out.suffix == ".eml" else shown.mail.html.encode()
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write '{out}': {error.strerror}") from error


def _open_in_browser(shown: Preview) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".html", delete=False) as file:
        file.write(shown.mail.html.encode())
    webbrowser.open(Path(file.name).as_uri())
    say(f"opened {file.name}")
