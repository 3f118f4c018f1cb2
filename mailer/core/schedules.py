"""Schedules: which slots a rule has in a zone, in a lane of readers, and what names a slot.

What happens to a slot that was missed is for core.catch_up; days and clocks have modules of their
own. Nothing here knows what time it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice

from mailer.core.clocks import first_instant, read_time, zone_named
from mailer.core.days import Days, read_days
from mailer.core.readers import Cadence

# A schedule's timezone that stands for each reader's own.
READER_ZONE = "reader"
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
# A day from either end of the calendar, where an offset leads nowhere.
_FIRST, _LAST = date.min.toordinal() + 1, date.max.toordinal() - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """When an issue is due: a local time in whole minutes, and its days."""

    at: time
    days: Days

    def __post_init__(self) -> None:
        if self.at.tzinfo or self.at.second or self.at.microsecond:
            raise ValueError("a rule's time is local, in whole minutes")


def read_rule(cadence: Cadence, at: str, days: str = "") -> Rule:
    """Return the rule of a schedule as it is written; raises InputError (core.days says when)."""
    return Rule(read_time(at), read_days(days, cadence))


@dataclass(frozen=True, slots=True)
class Lane:
    """Readers who get an issue at the same moment: those of one timezone and one hour of their own.

    `hour` replaces a rule's time, with minute 0, and leaves its days; None: the rule's time.
    """

    zone: str
    hour: int | None = None

    def __post_init__(self) -> None:
        if self.hour is not None and not 0 <= self.hour <= 23:
            raise ValueError(f"an hour of the day is 0 to 23, not {self.hour}")

    @property
    def text(self) -> str:
        """Name the lane: "Asia/Seoul", or "Asia/Seoul@08" for readers with an hour of their own."""
        return self.zone if self.hour is None else f"{self.zone}@{self.hour:02}"


def read_lane(text: str) -> Lane:
    """Return the lane of a name that `Lane.text` gave."""
    zone, at, hour = text.partition("@")
    return Lane(zone, int(hour) if at else None)


def lanes_of(timezone: str, in_use: Iterable[Lane]) -> tuple[Lane, ...]:
    """Return the lanes of a schedule, each once, by name.

    A schedule with a timezone of its own goes to everybody at one moment: it has one lane, and
    readers' zones and hours do not count. A schedule in the readers' timezone ("reader") has the
    lanes in use. A reader who changes lanes loses and doubles nothing: her cursor goes with her.
    """
    if timezone != READER_ZONE:
        return (Lane(timezone),)
    return tuple(sorted(set(in_use), key=lambda lane: lane.text))


@dataclass(frozen=True, slots=True)
class Slot:
    """One due moment: the naive local time the rule names, whose clocks count, and the instant.

    `at` is when the clocks of the lane's zone first show `nominal` or a later time, in UTC.
    """

    nominal: datetime
    lane: Lane
    at: datetime


def slot_identity(schedule_id: int, slot: Slot) -> str:
    """Name a slot: "schedule/7/2026-10-25T02:30/Europe/Berlin".

    It holds the local time and not the instant, so that neither several schedulers nor new rules
    of daylight saving time can run a slot twice (I4).
    """
    nominal = slot.nominal.isoformat(timespec="minutes")
    return f"schedule/{schedule_id}/{nominal}/{slot.lane.text}"


def slots(rule: Rule, lane: Lane, after: datetime, until: datetime) -> Iterator[Slot]:
    """Yield the slots with after < at <= until, in order.

    Each day of the rule has exactly one slot, so intervals that meet share none and miss none.
    A local time that does not exist runs at the first instant after the gap, one that exists
    twice at the first. So does a date that a zone left out (30 December 2011 in Pacific/Apia): it
    runs as the next date begins, lest a weekly or monthly issue be lost with it.
    """
    if after.tzinfo is None or until.tzinfo is None:
        raise ValueError("slots are between aware instants: give both a timezone")
    zone = zone_named(lane.zone)
    at = rule.at if lane.hour is None else time(lane.hour)
    # Offsets are under a day: a slot's instant is on its date, the day before or the day after.
    first = max(after.astimezone(UTC).toordinal() - 1, _FIRST)
    last = min(until.astimezone(UTC).toordinal() + 1, _LAST)
    for on in map(date.fromordinal, range(first, last + 1)):
        if on in rule.days:
            nominal = datetime.combine(on, at)
            instant = first_instant(nominal, zone)
            if after < instant <= until:
                yield Slot(nominal, lane, instant)


def next_slots(rule: Rule, lane: Lane, after: datetime, count: int) -> tuple[Slot, ...]:
    """Return the next slots after an instant; fewer only at the end of the calendar."""
    return tuple(islice(slots(rule, lane, after, _END_OF_TIME), count))
