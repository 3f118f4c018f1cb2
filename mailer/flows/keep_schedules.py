"""Keep schedules: add, pause, resume, remove."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.catch_up import CatchUp, default_max_late
from mailer.core.clocks import read_duration
from mailer.core.locales import read_timezone
from mailer.core.readers import Cadence
from mailer.core.schedules import (
    READER_ZONE,
    Lane,
    Slot,
    lanes_of,
    next_slots,
    read_rule,
)
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.followers import lanes_in_use
from mailer.store.newsletters import find_newsletter
from mailer.store.schedules import (
    Schedule,
    add_schedule,
    end_schedule,
    find_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
)


class Keep(StrEnum):
    """What may be done with a schedule that is there."""

    PAUSE = "pause"
    RESUME = "resume"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class ScheduleText:
    """A schedule as a person wrote it; empty texts take the defaults."""

    newsletter: str
    cadence: Cadence
    at: str
    days: str = ""
    timezone: str = ""
    catch_up: str = ""
    max_late: str = ""


@dataclass(frozen=True, slots=True)
class ComingSlot:
    """A slot to come, and whose."""

    schedule: Schedule
    slot: Slot


def write_schedule(database: Database, text: ScheduleText, *, now: datetime) -> Schedule:
    """Add a schedule whose slots count from now on; raises InputError that says how to mend.

    Without a timezone it is the newsletter's; "reader" is each reader's own.
    """
    try:
        catch_up = CatchUp(text.catch_up or CatchUp.COALESCE)
    except ValueError as error:
        raise InputError(f"unknown catch-up '{text.catch_up}': use coalesce or skip") from error
    if text.cadence is Cadence.INSTANT:
        raise InputError("alerts need no schedule: they go out as stories come in")
    rule = read_rule(text.cadence, text.at, text.days)
    max_late: timedelta = (
        read_duration(text.max_late) if text.max_late else default_max_late(text.cadence, catch_up)
    )
    with database.write() as connection:
        newsletter = find_newsletter(connection, text.newsletter)
        if text.cadence not in newsletter.cadences:
            allowed = ", ".join(newsletter.cadences)
            raise InputError(f"'{newsletter.slug}' has no {text.cadence} issue: it has {allowed}")
        zone = text.timezone or newsletter.timezone
        schedule_id = add_schedule(
            connection,
            newsletter_id=newsletter.id,
            cadence=text.cadence,
            at=f"{rule.at:%H:%M}",
            days=str(rule.days),
            timezone=zone if zone == READER_ZONE else read_timezone(zone),
            catch_up=catch_up.value,
            max_late=max_late,
            now=now,
        )
        return find_schedule(connection, schedule_id)


def keep_schedule(database: Database, schedule_id: int, action: Keep, *, now: datetime) -> Schedule:
    """Pause, resume or remove a schedule and return it as it was.

    Slots of a pause are not caught up; their stories come with the next issue. Raises
    NotFoundError.
    """
    acts = {
        Keep.PAUSE: pause_schedule,
        Keep.RESUME: resume_schedule,
        Keep.REMOVE: end_schedule,
    }
    with database.write() as connection:
        schedule = find_schedule(connection, schedule_id)
        acts[action](connection, schedule_id, now)
    return schedule


def coming_slots(
    database: Database, *, now: datetime, count: int, zone: str = ""
) -> list[ComingSlot]:
    """Return the next slots of all running schedules, by time.

    Of schedules in the readers' timezone, the lanes in use; or, with `zone`, that zone's.
    """
    coming = []
    with database.read() as connection:
        for schedule in list_schedules(connection):
            if schedule.paused_at is not None:
                continue
            lanes: tuple[Lane, ...] = ()
            if schedule.timezone == READER_ZONE:
                lanes = (
                    (Lane(read_timezone(zone)),)
                    if zone
                    else lanes_in_use(connection, schedule.newsletter_id, schedule.cadence)
                )
            rule = read_rule(schedule.cadence, schedule.at, schedule.days)
            for lane in lanes_of(schedule.timezone, lanes):
                after = max(now, schedule.looked_until_at)
                coming += [
                    ComingSlot(schedule, slot) for slot in next_slots(rule, lane, after, count)
                ]
    coming.sort(key=lambda one: (one.slot.at, one.schedule.id, one.slot.lane.text))
    return coming[:count]
