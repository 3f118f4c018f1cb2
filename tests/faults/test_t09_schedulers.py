"""T9: several schedulers tick at once, clocks change and jump, and outages last for days."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import select, update

from mailer.core.readers import Cadence
from mailer.flows.keep_schedules import ScheduleText, write_schedule
from mailer.store.ledger_tables import runs
from mailer.store.tables import schedules
from tests.faults.conftest import MakeWorld
from tests.faults.report import Measured
from tests.faults.world import World

_ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Seoul")
# Berlin, New York and Lord Howe change their clocks within these days.
_START = datetime(2026, 10, 2, 0, 0, tzinfo=UTC)
HALF_PAST_TWO = "02:30"  # Skipped or shown twice where clocks change at two or three.


def schedule(world: World, zones: tuple[str, ...]) -> dict[int, str]:
    """A daily schedule in each zone; the zone by the schedule's id."""
    with world.database.write() as connection:
        connection.execute(update(schedules).values(paused_at=_START))
    made = {}
    for zone in zones:
        text = ScheduleText("asia", Cadence.DAILY, HALF_PAST_TWO, timezone=zone)
        written = write_schedule(world.database, text, now=_START)
        made[written.id] = zone
    return made


def tick(world: World, moment: datetime, schedulers: int, mutation: str = "") -> None:
    """So many schedulers look at the same moment, at the same time."""
    words = ("tick", "--as-of", moment.isoformat())
    for pid in [world.start(*words, mutation=mutation) for _ in range(schedulers)]:
        assert world.wait(pid) == 0, world.logs()


def days_of(world: World, zones: dict[int, str]) -> dict[str, Counter[date]]:
    """The local days each zone had a run for, and how many."""
    with world.database.read() as connection:
        rows = connection.execute(
            select(runs.c.schedule_id, runs.c.as_of).where(
                runs.c.schedule_id.in_(zones), runs.c.state != "skipped"
            )
        ).all()
    days: dict[str, Counter[date]] = {zone: Counter() for zone in zones.values()}
    for schedule_id, as_of in rows:
        zone = zones[schedule_id]
        days[zone][as_of.astimezone(ZoneInfo(zone)).date()] += 1
    return days


def expected_days(zone: str, until: datetime) -> set[date]:
    """The local days whose half past two, or what stands for it, lies behind us."""
    days = set()
    day = _START.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    while day <= until.astimezone(ZoneInfo(zone)).date():
        at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if _START < at <= until:
            days.add(day)
        day += timedelta(days=1)
    return days


def tick_through(
    world: World, zones: tuple[str, ...], moments: list[datetime], schedulers: int, mutation: str
) -> None:
    """Tick at these moments and require one run for each day of each zone."""
    made = schedule(world, zones)
    for moment in moments:
        tick(world, moment, schedulers, mutation)
    for zone, days in days_of(world, made).items():
        assert set(days.values()) <= {1}, f"{zone}: {days}"
        assert set(days) == expected_days(zone, max(moments)), zone


def around_the_changes(world: World, mutation: str = "") -> None:
    """A day before, at, and a day after each change; with a clock that jumps back in between."""
    moments = []
    for day in (4, 25, 32):
        change = datetime(2026, 10, 1, 20, 0, tzinfo=UTC) + timedelta(days=day - 1)
        moments += [change - timedelta(days=1), change, change - timedelta(hours=3)]
    # Between them it is always less than a day: none is missed.
    made = schedule(world, _ZONES)
    for moment in moments:
        tick(world, moment, 2, mutation)
    for zone, days in days_of(world, made).items():
        assert days, zone
        assert set(days.values()) == {1}, f"{zone}: {days}"


def test_each_slot_runs_once_whoever_ticks_and_whatever_the_clock_does(
    make_world: MakeWorld, postgres_url: str
) -> None:
    around_the_changes(make_world(postgres_url, 1))


def test_after_ten_days_without_scheduler_the_last_slot_stands_for_all(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(postgres_url, 1)
    [zone] = _ZONES[:1]
    made = schedule(world, (zone,))
    tick(world, _START + timedelta(hours=12), 1)
    tick(world, _START + timedelta(days=10, hours=12), 3)

    days = days_of(world, made)[zone]
    assert days == {date(2026, 10, 2): 1, date(2026, 10, 12): 1}
    with world.database.read() as connection:
        skipped = connection.scalars(
            select(runs.c.state_reason).where(runs.c.state == "skipped")
        ).all()
    assert len(skipped) == 9


@pytest.mark.soak
@pytest.mark.parametrize("case", ["soak-all zones"])
@pytest.mark.timeout(3600)
def test_a_year_in_every_zone(
    make_world: MakeWorld, postgres_url: str, measured: Measured, case: str
) -> None:
    zones = tuple(sorted(z for z in available_timezones() if "/" in z and not z.startswith("Etc")))
    # Every zone's changes lie in the year; twelve hours apart no slot is later than its period.
    moments = [_START + timedelta(hours=12 * step) for step in range(1, 2 * 365)]
    world = make_world(postgres_url, 1)
    tick_through(world, zones, moments, 3, "")
    measured.figures |= {
        "zones": len(zones),
        "days": 365,
        "schedulers at once": 3,
        "slots with no run, or two": 0,
    }
