"""`mailer readers …`."""

from typing import Annotated

import typer

from mailer.cli import quiet_follows, reader_imports
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.core.addresses import read_address
from mailer.errors import InputError
from mailer.flows.documents import follow_document, mute_document, reader_document
from mailer.flows.erase_reader import erase_reader
from mailer.flows.export_reader import export_reader
from mailer.flows.pause_reader import pause_reader
from mailer.flows.set_quiet_hours import set_quiet_hours
from mailer.store.audit import COMMAND_LINE
from mailer.store.preferences import follows_of, mutes_of
from mailer.store.readers import find_reader, is_suppressed, list_readers

app = typer.Typer(no_args_is_help=True)
app.command("import")(reader_imports.import_file)
app.command("quiet-follows")(quiet_follows.quiet_follows)


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List readers."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_readers(connection, limit=limit)
    if as_json:
        print_json([reader_document(reader) for reader in found])
        return
    print_table(
        ["email", "name", "state", "locale", "timezone", "hour#", "format", "paused until"],
        [
            [
                r.email,
                r.name,
                r.state,
                r.locale,
                r.timezone,
                "" if r.hour is None else r.hour,
                r.format,
                r.paused_until_at or "",
            ]
            for r in found
        ],
        "no readers yet: 'mailer readers import FILE.csv' or 'mailer seed'",
    )


@app.command("quiet")
def quiet(
    email: str,
    hours: Annotated[str, typer.Argument(metavar="HOURS", help="22:00-07:00, or off.")],
) -> None:
    """Send a reader no alert in these hours of her own clock; they come when the hours end."""
    with open_room() as room:
        set_quiet_hours(room.desk.database, email, hours, now=room.clock())
        record(room, "quiet hours set", f"reader {email}", hours)
    say(f"{email}: quiet hours {hours}")


@app.command("pause")
def pause(
    email: str,
    until: Annotated[
        str, typer.Option(metavar="DAY", help="The day mail comes again, or off: at once.")
    ],
) -> None:
    """Send a reader nothing until a day by her own clock; then she is told what she missed."""
    with open_room() as room:
        ends_at = pause_reader(
            room.desk.database, email, until, actor=COMMAND_LINE, now=room.clock()
        )
    say(
        f"{email} has no mail until {ends_at.isoformat()}" if ends_at else f"{email} has mail again"
    )


@app.command("show")
def show(email: str, as_json: JsonOption = False) -> None:
    """Show one reader with all she follows and mutes, ended ones included."""
    with open_room() as room, room.desk.database.read() as connection:
        address = read_address(email)
        reader = find_reader(connection, address)
        follows = follows_of(connection, reader.id)
        mutes = mutes_of(connection, reader.id)
        suppressed = is_suppressed(connection, address)
    document = {
        **reader_document(reader),
        "suppressed": suppressed,
        "follows": [follow_document(follow) for follow in follows],
        "mutes": [mute_document(mute) for mute in mutes],
    }
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        if not isinstance(value, list):
            say(f"{name:<13} {'' if value is None else value}")
    for follow in follows:
        ended = f", ended {follow.ended_at:%Y-%m-%d}" if follow.ended_at else ""
        say(f"{'follows':<13} {follow.expression} ({follow.newsletter}, {follow.cadence}{ended})")
    for mute in mutes:
        ended = f" (ended {mute.ended_at:%Y-%m-%d})" if mute.ended_at else ""
        say(f"{'mutes':<13} {mute.expression}{ended}")


@app.command("export")
def export(email: Annotated[str, typer.Argument(metavar="EMAIL")]) -> None:
    """Print everything the store has about a reader, as one JSON document."""
    with open_room() as room:
        with room.desk.database.read() as connection:
            reader = find_reader(connection, read_address(email))
        record(room, "reader exported", f"reader {reader.id}")
        print_json(export_reader(room.desk.database, reader.id, now=room.clock()))


@app.command("erase")
def erase(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    sure: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a reader from every table. A suppression of her address stays, under a keyed hash."""
    if not sure:
        raise InputError("erasing cannot be undone: look with 'readers export', then add --yes")
    with open_room() as room:
        with room.desk.database.read() as connection:
            reader = find_reader(connection, read_address(email))
        erased = erase_reader(room.desk, reader.id, now=room.clock())
        if erased:
            # By her number: the log shall not remember what was just forgotten.
            record(room, "reader erased", f"reader {reader.id}")
    if as_json:
        print_json({"erased": erased})
    else:
        say(f"{reader.email} is erased")
