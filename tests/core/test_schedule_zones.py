"""Every zone for two years, against clocks read a quarter of an hour at a time."""

from calendar import monthrange
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mailer.core.days import read_days
from mailer.core.readers import Cadence
from mailer.core.schedules import Lane, Rule, slots

_START = datetime(2026, 1, 1, tzinfo=UTC)
_END = datetime(2028, 1, 1, tzinfo=UTC)
_DATES = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
_QUARTER = timedelta(minutes=15)
_TIMES = {time(0), time(1, 30), time(2), time(2, 15), time(2, 30), time(7), time(23, 45)}
_SAMPLE = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
    "Asia/Kathmandu", "America/Havana", "America/Santiago", "Pacific/Apia", "Antarctica/Troll",
]  # fmt: skip


def _different_zones() -> list[str]:
    """Return one of each group of zones whose clocks agree in these years, read twice a day."""
    instants = [_START + timedelta(hours=hour) for hour in range(0, 730 * 24, 12)]
    kinds: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = tuple(instant.astimezone(zone).utcoffset() for instant in instants)
        kinds.setdefault(offsets, name)
    return list(kinds.values())


def _first_shown(zone: str) -> dict[datetime, datetime]:
    """Return, for each local day and time, when the clocks first show it or a later one.

    Written by walking through time, not by asking about folds and gaps.
    """
    there = ZoneInfo(zone)
    first: dict[datetime, datetime] = {}
    instant = _START - timedelta(days=3)
    latest = instant.astimezone(there).replace(tzinfo=None)
    while instant < _END + timedelta(days=3):
        shown = instant.astimezone(there).replace(tzinfo=None)
        while latest < shown:
            latest += _QUARTER
            if latest.time() in _TIMES:
                first[latest] = instant
        instant += _QUARTER
    return first


def _check_slots_run_when_the_clock_first_shows_them(zone: str) -> None:
    first = _first_shown(zone)
    every_day = read_days("", Cadence.DAILY)
    for at in _TIMES:
        found = list(slots(Rule(at, every_day), Lane(zone), _START, _END))
        assert [slot.at for slot in found] == [first[slot.nominal] for slot in found], zone
        around = [on for on in first if on.time() == at]
        assert [slot.nominal for slot in found] == [
            nominal for nominal in around if _START < first[nominal] <= _END
        ], zone


def _check_each_period_has_one_slot(zone: str) -> None:
    lane = Lane(zone)
    margin = timedelta(days=2)
    for at in _TIMES:

        def days(cadence: Cadence, text: str, at: time = at) -> list[date]:
            rule = Rule(at, read_days(text, cadence))
            found = slots(rule, lane, _START - margin, _END + margin)
            return [s.nominal.date() for s in found if s.nominal.year in (2026, 2027)]

        assert days(Cadence.DAILY, "") == _DATES, zone
        assert days(Cadence.DAILY, "mon-fri") == [d for d in _DATES if d.weekday() < 5], zone
        for weekday, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun")):
            weeks = Counter(d.isocalendar()[:2] for d in days(Cadence.WEEKLY, name))
            expected = Counter(d.isocalendar()[:2] for d in _DATES if d.weekday() == weekday)
            assert weeks == expected, zone
        for text in ("1", "15", "30", "last"):
            months = days(Cadence.MONTHLY, text)
            assert [(d.year, d.month) for d in months] == [
                (year, month) for year in (2026, 2027) for month in range(1, 13)
            ], zone
            if text == "last":
                assert all(d.day == monthrange(d.year, d.month)[1] for d in months), zone


@pytest.mark.parametrize("zone", _SAMPLE)
def test_slots_run_when_the_clock_first_shows_their_time(zone: str) -> None:
    _check_slots_run_when_the_clock_first_shows_them(zone)


@pytest.mark.parametrize("zone", _SAMPLE)
def test_each_day_week_and_month_has_exactly_one_slot(zone: str) -> None:
    _check_each_period_has_one_slot(zone)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
def test_all_zones_of_the_world_keep_both_rules(share: int) -> None:
    for zone in _different_zones()[share::4]:
        _check_slots_run_when_the_clock_first_shows_them(zone)
        _check_each_period_has_one_slot(zone)


def test_a_date_left_out_costs_neither_a_week_nor_a_month_its_issue() -> None:
    # Apia had no 30 December 2011, a Friday; Kiritimati no 31 December 1994, a month's last.
    apia = list(
        slots(
            Rule(time(7), read_days("fri", Cadence.WEEKLY)),
            Lane("Pacific/Apia"),
            datetime(2011, 12, 20, tzinfo=UTC),
            datetime(2012, 1, 10, tzinfo=UTC),
        )
    )
    assert [f"{slot.nominal:%m-%d}" for slot in apia] == ["12-23", "12-30", "01-06"]
    kiritimati = list(
        slots(
            Rule(time(7), read_days("last", Cadence.MONTHLY)),
            Lane("Pacific/Kiritimati"),
            datetime(1994, 11, 15, tzinfo=UTC),
            datetime(1995, 2, 15, tzinfo=UTC),
        )
    )
    assert [f"{slot.nominal:%m-%d}" for slot in kiritimati] == ["11-30", "12-31", "01-31"]
