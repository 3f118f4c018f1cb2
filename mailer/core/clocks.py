"""Wall clocks: times and lengths of time as written, and when the clocks of a zone show them.

Knows daylight saving time; which slots a schedule has is for core.schedules.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailer.errors import InputError

_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?")
_DURATION = re.compile(r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?")
_LONGEST_TEXT = 30
# The store keeps a duration as seconds in 32 bits, which end after 68 years.
_LONGEST = timedelta(days=3660)
_DAY = timedelta(days=1)


def read_time(text: str) -> time:
    """Return a time of day from "07:00", "7:00", "19.30" or "7"; raises InputError."""
    found = _TIME.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (24, 0)
    if hour > 23 or minute > 59:
        raise InputError(
            f"'{text}' is no time of day: use 24 hours such as 07:00 or 19:30; midnight is 00:00"
        )
    return time(hour, minute)


def read_duration(text: str) -> timedelta:
    """Return a length of time from "90m", "6h", "2d", "1w" or "1h30m"; raises InputError.

    From one minute to ten years: a limit of nothing at all would let nothing pass.
    """
    packed = "".join(text.casefold().split())
    found = _DURATION.fullmatch(packed) if len(packed) <= _LONGEST_TEXT else None
    if found is None or not packed:
        hint = f"; '{packed}h' if hours were meant" if re.fullmatch("[0-9]{1,3}", packed) else ""
        raise InputError(
            f"'{text}' is no length of time: use weeks, days, hours and minutes in this order, "
            f"such as 2d, 6h, 90m or 1h30m{hint}"
        )
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    try:
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        length = timedelta.max
    if not timedelta(0) < length <= _LONGEST:
        raise InputError(f"'{text}' is too short or too long: use one minute (1m) to ten years")
    return length


def duration_text(length: timedelta) -> str:
    """Write a length of time as `read_duration` reads it; a started minute counts whole."""
    minutes = max(0, -(-length // timedelta(minutes=1)))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0m"


# 1024: more than the IANA database has; zoneinfo itself keeps only the last eight for sure.
@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; a name this machine does not know is UTC: an odd name stops no mail.

    `core.locales.read_timezone` is for input, and refuses such a name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) when the clocks of a zone first show a local time or a later one.

    That is the whole rule for daylight saving time: a local time the clocks jump over comes at
    the first instant after the jump, and one they show twice comes the first time. `wall` is
    naive, in whole seconds.
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shown(instant, zone) == wall:
        return instant
    # In a gap fold 0 counts by the old offset and gives an instant after the jump; fold 1, by the
    # new one, gives an instant before it (PEP 495). The jump is between them.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range((instant - before) // timedelta(seconds=1))
    jump = bisect_left(seconds, wall, key=lambda s: _shown(before + timedelta(seconds=s), zone))
    return before + timedelta(seconds=jump)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The local times from `start` up to, but not including, `end`; 22:00 to 07:00 wraps."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours need two different times")

    def __contains__(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def read_quiet(text: str) -> QuietHours | None:
    """Return quiet hours from "22:00-07:00", None from "" or "off"; raises InputError."""
    if text.strip().casefold() in ("", "off"):
        return None
    start, parted, end = text.partition("-")
    if not parted or read_time(start) == read_time(end):
        raise InputError(f"'{text[:40]}' are no quiet hours: write them like 22:00-07:00, or off")
    return QuietHours(read_time(start), read_time(end))


def quiet_text(quiet: QuietHours | None) -> str:
    """Write quiet hours as `read_quiet` reads them; "" for none."""
    return "" if quiet is None else f"{quiet.start:%H:%M}-{quiet.end:%H:%M}"


def out_of_quiet(instant: datetime, zone: str, quiet: QuietHours) -> datetime:
    """Return the instant itself or, when it is quiet there, the end of that quiet period.

    Quiet is what a reader's own clock says: an end the clocks jump over comes right after the
    jump, and the hour they show twice is quiet both times.
    """
    there = zone_named(zone)
    # More than one turn only where a jump leads from one quiet period into the next.
    while (shown := _shown(instant, there)).time() in quiet:
        on = shown.date() if shown.time() < quiet.end else shown.date() + _DAY
        wall = datetime.combine(on, quiet.end)
        end = first_instant(wall, there)
        instant = end if end > instant else wall.replace(tzinfo=there, fold=1).astimezone(UTC)
    return instant


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of a zone show, naive."""
    return instant.astimezone(zone).replace(tzinfo=None)
