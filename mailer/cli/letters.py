"""`mailer letters …`: what operators write to readers whom a tag expression means."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer.bootstrap import Installation
from mailer.cli.options import JsonOption, NewsletterArgument
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room
from mailer.cli.runs import count_words, has_failures
from mailer.cli.sending import ring_for_run, work_run
from mailer.core.adhoc_letters import LetterText, read_letter_text
from mailer.core.runs import Run
from mailer.errors import InputError
from mailer.flows.documents import letter_document, run_document
from mailer.flows.reach_of_letter import reach_of_letter
from mailer.flows.send_letter import send_letter
from mailer.flows.steer_run import Steer, steer_run
from mailer.flows.try_letter import try_letter
from mailer.ports import Accepted, Deferred
from mailer.store.adhoc_letters import add_letter, find_letter, list_letters, remove_letter
from mailer.store.audit import COMMAND_LINE, record_change
from mailer.store.runs import find_run

app = typer.Typer(
    help="Letters that operators write: add, list, show, test, send, pause, resume, cancel.",
    no_args_is_help=True,
)
LetterId = Annotated[int, typer.Argument(metavar="ID", help="See 'mailer letters list'.")]
_MOST_BYTES = 100_000


@app.command("add")
def add(
    newsletter: NewsletterArgument,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Its text, in Markdown.")],
    subject: Annotated[str, typer.Option(help="The subject of the mail.")],
    to: Annotated[str, typer.Option(help="Readers who get stories of this tag expression.")] = "*",
    as_json: JsonOption = False,
) -> None:
    """Keep a draft and say who would get it; nothing is sent."""
    text = read_letter_text(newsletter, subject, _read(file), to)
    with open_room() as room:
        database, now = room.desk.database, room.clock()
        reach = reach_of_letter(database, text.newsletter, text.expression, as_of=now)
        with database.write() as connection:
            letter_id = add_letter(connection, text, COMMAND_LINE, now)
            record_change(
                connection,
                actor=COMMAND_LINE,
                action="letter written",
                subject=f"letter {letter_id}",
                detail=text.subject,
                now=now,
            )
            letter = find_letter(connection, letter_id)
    if as_json:
        print_json({**letter_document(letter), "reach": reach.reader_count})
        return
    say(f"letter {letter_id} is a draft: {_readers(reach.reader_count)} would get it")
    say(f"next: 'mailer letters test {letter_id} --to YOU', then 'mailer letters send {letter_id}'")


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest letters."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_letters(connection, limit)
        runs = {
            letter.run_id: find_run(connection, letter.run_id)
            for letter in found
            if letter.run_id is not None
        }
    if as_json:
        print_json([letter_document(letter) for letter in found])
        return
    table = []
    for letter in found:
        run = runs[letter.run_id] if letter.run_id is not None else None
        state = run.state if run else "tested" if letter.is_tested else "draft"
        text: LetterText = letter.text
        counts = count_words(run) if run else ""
        table.append([letter.id, text.subject, text.newsletter, text.expression, state, counts])
    print_table(
        ["letter#", "subject", "newsletter", "to", "state", "deliveries"],
        table,
        "no letters yet: 'mailer letters add NEWSLETTER FILE --subject …'",
    )


@app.command("show")
def show(letter_id: LetterId, as_json: JsonOption = False) -> None:
    """Show a letter: its text, its test, its run, and of a draft who would get it."""
    with open_room() as room:
        with room.desk.database.read() as connection:
            letter = find_letter(connection, letter_id)
            run = None if letter.run_id is None else find_run(connection, letter.run_id)
        document = letter_document(letter)
        if run is None:
            reach = reach_of_letter(
                room.desk.database,
                letter.text.newsletter,
                letter.text.expression,
                as_of=room.clock(),
            )
            document["reach"] = reach.reader_count
    document["run"] = None if run is None else run_document(run)
    if as_json:
        print_json({**document, "text": letter.text.source})
        return
    for name, value in document.items():
        if name != "run":
            say(f"{name:<11} {'' if value is None else value}")
    if run is not None:
        say(f"run {run.id} is {run.state}: {run.planned_count} planned, {count_words(run)}")
    say(f"\n{letter.text.source}")


@app.command("test")
def test(
    letter_id: LetterId,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="A verified operator.")],
) -> None:
    """Mail it to an operator: only what was tested can be sent. Exit code 1 when it is not taken.

    Its links open nothing. The ledger is not written.
    """
    with open_room() as room:
        backend = room.open_backend()
        try:
            tried = try_letter(
                room.test_desk(),
                backend,
                letter_id,
                to=to,
                actor=COMMAND_LINE,
                now=room.clock(),
            )
        finally:
            backend.close()
    taken = isinstance(tried.outcome, Accepted)
    say(f"{'sent' if taken else 'not sent'} to {tried.to}: {tried.subject}\n{tried.outcome.reply}")
    if not taken:
        away = isinstance(tried.outcome, Deferred) and not tried.outcome.counts
        raise typer.Exit(3 if away else 1)


@app.command("send")
def send(
    letter_id: LetterId,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress to the end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send it to its readers, once: again shows the same run."""
    with open_room() as room:
        now = room.clock()
        room.desk.guard.check(room.desk.database, now)
        sent = send_letter(room.desk, letter_id, actor=COMMAND_LINE, now=now)
        if room.settings.is_embedded:
            stream = sys.stderr if as_json else sys.stdout
            run = work_run(room, sent.run_id, progress=wait, stream=stream)
        else:
            run = ring_for_run(room, sent.run_id, wait=wait)
    if as_json:
        print_json(run_document(run))
    else:
        again = "" if sent.created else " (it was sent before)"
        say(f"run {run.id} is {run.state}{again}:")
        say(f"{run.planned_count} planned, {count_words(run)}")
        if run.state_reason:
            note(run.state_reason)
    if (room.settings.is_embedded or wait) and has_failures(run):
        raise typer.Exit(1)


@app.command("pause")
def pause(letter_id: LetterId) -> None:
    """Stop sending it; what is being sent at this moment still is."""
    _steer(letter_id, Steer.PAUSE)


@app.command("resume")
def resume(letter_id: LetterId) -> None:
    """Go on where it stopped."""
    _steer(letter_id, Steer.RESUME)


@app.command("cancel")
def cancel(letter_id: LetterId) -> None:
    """Send no more of it, for good."""
    _steer(letter_id, Steer.CANCEL)


@app.command("remove")
def remove(letter_id: LetterId) -> None:
    """Throw a draft away."""
    with open_room() as room, room.desk.database.write() as connection:
        remove_letter(connection, letter_id)
        record_change(
            connection,
            actor=COMMAND_LINE,
            action="letter removed",
            subject=f"letter {letter_id}",
            now=room.clock(),
        )
    say(f"letter {letter_id} is thrown away")


def _steer(letter_id: int, action: Steer) -> None:
    with open_room() as room:
        run = _steered(room, letter_id, action)
    say(f"letter {letter_id}: run {run.id} is {run.state}, {count_words(run)}")


def _steered(room: Installation, letter_id: int, action: Steer) -> Run:
    desk, now = room.desk, room.clock()
    with desk.database.read() as connection:
        run_id = find_letter(connection, letter_id).run_id
    if run_id is None:
        raise InputError(f"letter {letter_id} is a draft: nothing of it is being sent")
    run = steer_run(
        desk.database, run_id, action, now=now, signer=desk.signer, throttle=desk.throttle
    )
    with desk.database.write() as connection:
        record_change(
            connection,
            actor=COMMAND_LINE,
            action=f"letter {action}",
            subject=f"letter {letter_id}",
            detail=f"run {run_id}",
            now=now,
        )
    return run


def _readers(count: int) -> str:
    return "nobody" if not count else "1 reader" if count == 1 else f"{count} readers"


def _read(file: str) -> str:
    if file == "-":
        data = sys.stdin.buffer.read(_MOST_BYTES)
    else:
        path = Path(file)
        if not path.is_file():
            raise InputError(f"there is no file '{file}': give a text in Markdown, or - for stdin")
        with path.open("rb") as opened:
            data = opened.read(_MOST_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"'{file}' is no UTF-8 text: {error.reason} at byte {error.start}"
        ) from error
