"""The days of a schedule: days of the week or of the month, as operators write them."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from mailer.core.readers import Cadence
from mailer.errors import InputError

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = tuple(name[:3] for name in _WEEK)
_GROUPS = {
    "weekday": frozenset(range(5)),
    "weekdays": frozenset(range(5)),
    "weekend": frozenset((5, 6)),
    "weekends": frozenset((5, 6)),
}
# No month is longer: as a day that short months move to their end, 31 is the last of each.
_LAST = 31
# Dashes and minus signs as people paste them.
_DASH = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
_MEND = {
    Cadence.DAILY: "use days of the week such as mon-fri, mon,wed,fri, weekdays or weekend",
    Cadence.WEEKLY: "use one day of the week such as mon",
    Cadence.MONTHLY: "use days of the month from 1 to 31, or last: 1, 15, last or 1,15",
}


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the week, Monday is 0, or days of the month from 1 to 31; never both, never none.

    A day that a month does not have is that month's last day: 31 is 30 April and 28 February.
    A monthly issue would otherwise leave out five months of the year, and its readers with them.
    Two days that fall together are one: "30,31" is once in April.

    As text in the shortest form that `read_days` takes: "mon-fri", "sat-mon", "1,15", "last".
    """

    weekdays: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if bool(self.weekdays) == bool(self.month_days):
            raise ValueError("a schedule needs days of the week or days of the month, not both")
        if not self.weekdays <= set(range(7)) or not self.month_days <= set(range(1, 32)):
            raise ValueError("days of the week are 0 to 6, days of the month 1 to 31")

    def __contains__(self, on: date) -> bool:
        if self.weekdays:
            return on.weekday() in self.weekdays
        if on.day in self.month_days:
            return True
        last = calendar.monthrange(on.year, on.month)[1]
        return on.day == last and max(self.month_days) > last

    def __str__(self) -> str:
        if self.month_days:
            return ",".join("last" if day == _LAST else str(day) for day in sorted(self.month_days))
        # A stretch starts where the day before is missing; all seven start on Monday.
        starts = [day for day in sorted(self.weekdays) if (day - 1) % 7 not in self.weekdays] or [0]
        if len(starts) == 1 and len(self.weekdays) > 2:
            return f"{_SHORT[starts[0]]}-{_SHORT[(starts[0] + len(self.weekdays) - 1) % 7]}"
        return ",".join(_SHORT[day] for day in sorted(self.weekdays))


_DEFAULTS = {
    Cadence.DAILY: Days(weekdays=frozenset(range(7))),
    Cadence.WEEKLY: Days(weekdays=frozenset((0,))),
    Cadence.MONTHLY: Days(month_days=frozenset((1,))),
}


def read_days(text: str, cadence: Cadence) -> Days:
    """Return the days a cadence is due on; empty text: every day, Monday, the first of the month.

    Daily takes any days of the week ("mon-fri", "mon,wed,fri", "sat-mon", "weekdays", "weekend"),
    weekly exactly one, monthly days of the month ("1", "15", "1,15", "last"). Case and spaces do
    not matter. Raises InputError; also for the instant cadence, which waits for no day.
    """
    if cadence is Cadence.INSTANT:
        raise InputError(
            "an instant cadence has no schedule, its alerts leave as stories come: "
            "use daily, weekly or monthly"
        )
    if not text.strip():
        return _DEFAULTS[cadence]
    words = [word for word in re.split(r"[,;\s]+", _DASH.sub("-", text.casefold())) if word]
    if not words:
        raise InputError(f"'{text}' names no day: {_MEND[cadence]}")
    if cadence is Cadence.MONTHLY:
        return Days(month_days=frozenset(map(_month_day, words)))
    days = Days(weekdays=frozenset().union(*(_weekdays(word, cadence) for word in words)))
    if cadence is Cadence.WEEKLY and len(days.weekdays) > 1:
        raise InputError(
            f"a weekly issue has one day, '{text}' names {len(days.weekdays)}: "
            f"{_MEND[cadence]}, or make it a daily one with these days"
        )
    return days


def _weekdays(word: str, cadence: Cadence) -> frozenset[int]:
    """Return the days of one word: a day, a group of days, or a range that may wrap."""
    if word in _GROUPS:
        return _GROUPS[word]
    first, dash, last = word.partition("-")
    start = _weekday(first)
    end = _weekday(last) if dash else start
    if start is None or end is None:
        hint = "; days of the month are for monthly issues" if _is_month_day(word) else ""
        raise InputError(f"'{word}' is no day of the week: {_MEND[cadence]}{hint}")
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def _weekday(name: str) -> int | None:
    """Return the day a name means; three letters are enough: mon, tues, thurs, friday."""
    found = [day for day, whole in enumerate(_WEEK) if len(name) > 2 and whole.startswith(name)]
    return found[0] if found else None


def _month_day(word: str) -> int:
    if not _is_month_day(word):
        named = word in _GROUPS or _weekday(word[:3]) is not None
        hint = "; days of the week are for daily and weekly issues" if named else ""
        raise InputError(f"'{word}' is no day of the month: {_MEND[Cadence.MONTHLY]}{hint}")
    return _LAST if word == "last" else int(word)


def _is_month_day(word: str) -> bool:
    return word == "last" or (re.fullmatch("[0-9]{1,2}", word) is not None and 0 < int(word) < 32)
