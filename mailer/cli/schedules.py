"""`mailer schedules …` and `mailer tick`."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from mailer.cli.options import (
    AsOfOption,
    CadenceArgument,
    JsonOption,
    NewsletterArgument,
    read_cadence,
)
from mailer.cli.output import note, print_json, print_table, say
from mailer.cli.room import open_room, record
from mailer.core.clocks import duration_text
from mailer.core.moments import read_moment
from mailer.flows.documents import Document, moment
from mailer.flows.keep_schedules import (
    ComingSlot,
    Keep,
    ScheduleText,
    coming_slots,
    keep_schedule,
    write_schedule,
)
from mailer.flows.open_due_runs import open_due_runs
from mailer.store.schedules import Schedule, list_schedules

app = typer.Typer(no_args_is_help=True)
ScheduleId = Annotated[int, typer.Argument(metavar="ID", help="See 'mailer schedules list'.")]


def _document(schedule: Schedule) -> Document:
    return {
        "id": schedule.id,
        "newsletter": schedule.newsletter,
        "cadence": schedule.cadence,
        "at": schedule.at,
        "days": schedule.days,
        "tz": schedule.timezone,
        "catch_up": schedule.catch_up,
        "max_late": duration_text(schedule.max_late),
        "paused_at": moment(schedule.paused_at),
        "looked_until": moment(schedule.looked_until_at),
    }


@app.command("add")
def add(
    newsletter: NewsletterArgument,
    cadence: CadenceArgument,
    at: Annotated[str, typer.Option(help="The local time: 07:00.")],
    days: Annotated[str, typer.Option(help="mon-fri, sat, or for monthly 1,15 or last.")] = "",
    tz: Annotated[
        str,
        typer.Option(help="IANA name, or 'reader' for each reader's own; else the newsletter's."),
    ] = "",
    catch_up: Annotated[str, typer.Option(help="Missed slots: coalesce or skip.")] = "coalesce",
    max_late: Annotated[str, typer.Option(help="Later than this is skipped: 6h, 90m, 2d.")] = "",
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say when a newsletter's cadence is due. Example: add asia daily --at 07:00 --days mon-fri."""
    with open_room() as room:
        added = write_schedule(
            room.desk.database,
            ScheduleText(newsletter, read_cadence(cadence), at, days, tz, catch_up, max_late),
            now=read_moment(as_of, room.clock()),
        )
        when = f"at {added.at}, {added.days}, {added.timezone}"
        record(room, "schedule added", f"schedule {added.id}", f"{newsletter} {cadence} {when}")
    if as_json:
        print_json(_document(added))
        return
    say(f"schedule {added.id}: {newsletter} {cadence} {when}")


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all schedules."""
    with open_room() as room, room.desk.database.read() as connection:
        found = list_schedules(connection)
    if as_json:
        print_json([_document(schedule) for schedule in found])
        return
    print_table(
        [
            "id#",
            "newsletter",
            "cadence",
            "at",
            "days",
            "timezone",
            "catch up",
            "max late",
            "paused",
        ],
        [
            [
                s.id,
                s.newsletter,
                s.cadence,
                s.at,
                s.days,
                s.timezone,
                s.catch_up,
                duration_text(s.max_late),
                s.paused_at or "",
            ]
            for s in found
        ],
        "no schedules yet: 'mailer schedules add NEWSLETTER daily --at 07:00'",
    )


@app.command("next")
def show_next(
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 5,
    tz: Annotated[
        str, typer.Option(help="For schedules in the readers' own timezone: only this one.")
    ] = "",
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the next slots of all schedules, in local time and UTC."""
    with open_room() as room:
        now = read_moment(as_of, room.clock())
        coming = coming_slots(room.desk.database, now=now, count=count, zone=tz)
    if as_json:
        print_json([_slot_document(one) for one in coming])
        return
    print_table(
        ["due (UTC)", "local", "timezone", "newsletter", "cadence", "schedule#"],
        [
            [
                f"{one.slot.at:%Y-%m-%d %H:%M}",
                f"{_local(one)}"[:16].replace("T", " "),
                one.slot.lane.text,
                one.schedule.newsletter,
                one.schedule.cadence,
                one.schedule.id,
            ]
            for one in coming
        ],
        "nothing is due: no schedule is running",
    )


def _local(one: ComingSlot) -> str:
    return one.slot.at.astimezone(ZoneInfo(one.slot.lane.zone)).isoformat()


def _slot_document(one: ComingSlot) -> Document:
    return {
        "schedule": one.schedule.id,
        "newsletter": one.schedule.newsletter,
        "cadence": one.schedule.cadence,
        "tz": one.slot.lane.zone,
        "hour": one.slot.lane.hour,
        "nominal": one.slot.nominal.isoformat(),
        "local": _local(one),
        "at": moment(one.slot.at),
    }


@app.command("pause")
def pause(schedule_id: ScheduleId) -> None:
    """Open no runs of this schedule until it is resumed."""
    _keep(schedule_id, Keep.PAUSE, "is paused")


@app.command("resume")
def resume(schedule_id: ScheduleId) -> None:
    """Open runs again from now on; the stories of the pause come with the next issue."""
    _keep(schedule_id, Keep.RESUME, "runs again")


@app.command("remove")
def remove(schedule_id: ScheduleId) -> None:
    """Remove a schedule; its runs stay on record."""
    _keep(schedule_id, Keep.REMOVE, "is removed")


def _keep(schedule_id: int, action: Keep, words: str) -> None:
    with open_room() as room:
        schedule = keep_schedule(room.desk.database, schedule_id, action, now=room.clock())
        record(room, f"schedule {action}", f"schedule {schedule_id}")
    say(f"schedule {schedule.id} ({schedule.newsletter} {schedule.cadence}) {words}")


def tick(as_of: AsOfOption = "", as_json: JsonOption = False) -> None:
    """Open the runs that should exist by now and don't; 'mailer drain' then sends them."""
    with open_room() as room:
        due = open_due_runs(room.desk.database, now=read_moment(as_of, room.clock()))
    if as_json:
        print_json({"opened": list(due.opened), "skipped": list(due.skipped)})
        return
    ids = ", ".join(map(str, due.opened))
    say(f"opened {len(due.opened)} runs" + (f": {ids}" if ids else ""))
    for line in due.skipped:
        note(f"skipped {line}")
