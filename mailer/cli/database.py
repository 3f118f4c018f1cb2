"""`mailer db …` and `mailer seed`."""

import typer

from mailer.bootstrap import packaged_seeds
from mailer.cli.options import AsOfOption, JsonOption
from mailer.cli.output import print_json, say
from mailer.cli.room import open_room
from mailer.core.moments import read_moment
from mailer.errors import InputError
from mailer.flows.documents import moment
from mailer.flows.load_seeds import load_seeds
from mailer.flows.purge import purge
from mailer.settings import read_settings
from mailer.store.audit import COMMAND_LINE
from mailer.store.database import Database, upgrade

app = typer.Typer(no_args_is_help=True)


@app.command("upgrade")
def upgrade_schema() -> None:
    """Bring the schema to the newest revision; again is no change."""
    upgrade(read_settings().database_url)
    say("the schema is current")


@app.command("check")
def check_schema(as_json: JsonOption = False) -> None:
    """Say whether the schema is the one this version needs (exit code 2 if not)."""
    database = Database.open(read_settings().database_url)
    try:
        database.require_current()
    finally:
        database.close()
    if as_json:
        print_json({"current": True})
    else:
        say("the schema is current")


@app.command("purge")
def purge_aged(as_of: AsOfOption = "", as_json: JsonOption = False) -> None:
    """Delete now what has had its time, as beat and workers do each hour; the ledger stays.

    How long things are kept: MAILER_KEEP_EDITIONS_DAYS, _REQUESTS_DAYS, _SESSIONS_DAYS.
    """
    with open_room() as room:
        now = read_moment(as_of, room.clock())
        if now > room.clock():
            raise InputError("--as-of is yet to come: what is deleted early does not come back")
        done = purge(room.desk.database, room.settings.retention, now=now)
    if as_json:
        print_json({"deleted": dict(done.counts)})
        return
    gone = ", ".join(f"{count} {name}" for name, count in done.counts.items() if count)
    say(f"deleted: {gone}" if gone else "nothing had had its time")


def accept_restore(as_json: JsonOption = False) -> None:
    """Let a restored or cloned database send again. Look at 'mailer runs list' before.

    Whatever happened after the backup is forgotten: cancel the runs whose mails have gone out,
    and suppress those who have left since, before you run this.
    """
    with open_room() as room:
        why = room.desk.guard.accept(room.desk.database, actor=COMMAND_LINE, now=room.clock())
    if as_json:
        print_json({"accepted": bool(why), "reason": why})
        return
    say(f"accepted ({why}): mail goes out again" if why else "nothing to accept: mail may go out")


def seed(as_json: JsonOption = False) -> None:
    """Load the seed newsroom: stories, tags, newsletters, schedules and invented readers."""
    with open_room() as room:
        seeded = load_seeds(room.desk.database, packaged_seeds())
    if as_json:
        print_json(
            {
                "as_of": moment(seeded.as_of),
                "tags": seeded.tag_count,
                "newsletters": seeded.newsletter_count,
                "readers": seeded.reader_count,
                "stories": seeded.story_count,
            }
        )
        return
    say(
        f"{seeded.story_count} stories, {seeded.tag_count} tags, {seeded.newsletter_count} "
        f"newsletters and {seeded.reader_count} readers are there.\n"
        f"They play at {seeded.as_of.isoformat()}; try:\n"
        f"  mailer plan asia-daily daily --as-of {seeded.as_of.isoformat()}"
    )
