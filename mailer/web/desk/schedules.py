"""Schedules: those there are, the next five dates of each, and a form that shows them first."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Path
from starlette.responses import Response

from mailer.core.locales import read_timezone
from mailer.core.readers import OF_FOLLOWS, Cadence
from mailer.core.schedules import READER_ZONE, Lane, Slot, next_slots, read_rule
from mailer.errors import InputError
from mailer.flows.keep_schedules import Keep, ScheduleText, keep_schedule, write_schedule
from mailer.store.newsletters import find_newsletter, list_newsletters
from mailer.store.schedules import Schedule, list_schedules
from mailer.web.desk.runs import read_cadence
from mailer.web.desk.shifts import Operates, Shift, Views
from mailer.web.visits import Area, Asked, Fields, Posted

router = Area(prefix="/operate/schedules")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_NEXT = 5


@router.get("")
def show_all(shift: Views, asked: Asked) -> Response:
    """List schedules with their next dates; with a filled form, show what it would mean."""
    wanted, dates, error = None, None, ""
    if asked["at"]:
        wanted = _text(asked)
        try:
            dates = _dates_of(shift, wanted)
        except InputError as problem:
            error = str(problem)
    return _page(shift, wanted=wanted, dates=dates, error=error)


@router.post("")
def add(shift: Operates, posted: Posted) -> Response:
    """Add a schedule."""
    wanted = _text(posted)
    try:
        schedule = write_schedule(shift.database, wanted, now=shift.visit.now)
    except InputError as problem:
        return _page(shift, wanted=wanted, dates=None, error=str(problem), status=422)
    what = f"{schedule.newsletter} {schedule.cadence} at {schedule.at} {schedule.timezone}"
    shift.record("schedule added", f"schedule {schedule.id}", what)
    return shift.go("/operate/schedules", f"Schedule {schedule.id} is added")


@router.post("/{schedule_id}/{action}")
def keep(shift: Operates, schedule_id: AnId, action: Keep) -> Response:
    """Pause, resume or remove a schedule."""
    keep_schedule(shift.database, schedule_id, action, now=shift.visit.now)
    shift.record(f"schedule {action}", f"schedule {schedule_id}")
    done = {Keep.PAUSE: "paused", Keep.RESUME: "goes on", Keep.REMOVE: "removed"}[action]
    return shift.go("/operate/schedules", f"Schedule {schedule_id}: {done}")


def _page(
    shift: Shift,
    *,
    wanted: ScheduleText | None,
    dates: list[str] | None,
    error: str,
    status: int = 200,
) -> Response:
    with shift.database.read() as connection:
        schedules = list_schedules(connection)
        newsletters = list_newsletters(connection)
    return shift.page(
        "schedules.html",
        status=status,
        schedules=[(each, _dates(each, shift.visit.now)) for each in schedules],
        newsletters=newsletters,
        cadences=[each for each in OF_FOLLOWS if each is not Cadence.INSTANT],
        wanted=wanted,
        dates=dates,
        error=error,
    )


def _text(fields: Fields) -> ScheduleText:
    return ScheduleText(
        newsletter=fields["newsletter"],
        cadence=read_cadence(fields["cadence"]),
        at=fields["at"],
        days=fields["days"],
        timezone=fields["timezone"],
        catch_up=fields["catch_up"],
        max_late=fields["max_late"],
    )


def _dates_of(shift: Shift, wanted: ScheduleText) -> list[str]:
    with shift.database.read() as connection:
        newsletter = find_newsletter(connection, wanted.newsletter)
    rule = read_rule(wanted.cadence, wanted.at, wanted.days)
    zone = wanted.timezone or newsletter.timezone
    lane = Lane("UTC" if zone == READER_ZONE else read_timezone(zone))
    return [_told(slot) for slot in next_slots(rule, lane, shift.visit.now, _NEXT)]


def _dates(schedule: Schedule, now: datetime) -> list[str]:
    rule = read_rule(schedule.cadence, schedule.at, schedule.days)
    zone = "UTC" if schedule.timezone == READER_ZONE else schedule.timezone
    after = max(now, schedule.looked_until_at)
    return [_told(slot) for slot in next_slots(rule, Lane(zone), after, _NEXT)]


def _told(slot: Slot) -> str:
    """Write a slot in its own local time; where the clocks jump over it, that is said."""
    local = slot.at.astimezone(ZoneInfo(slot.lane.zone))
    text = f"{local:%a %Y-%m-%d %H:%M} ({local:%z})"
    if local.replace(tzinfo=None) != slot.nominal:
        return f"{text}: the clocks skip {slot.nominal:%H:%M}"
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        return f"{text}: the clocks show {slot.nominal:%H:%M} twice, it runs at the first"
    return text
