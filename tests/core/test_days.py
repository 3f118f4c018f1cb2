"""Days of a schedule, as written."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.days import Days, read_days
from mailer.core.readers import Cadence
from mailer.errors import InputError

DAILY, WEEKLY, MONTHLY = Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY


def _week(*days: int) -> Days:
    return Days(weekdays=frozenset(days))


def _month(*days: int) -> Days:
    return Days(month_days=frozenset(days))


@pytest.mark.parametrize(
    ("cadence", "text", "days"),
    [
        pytest.param(DAILY, "", _week(0, 1, 2, 3, 4, 5, 6), id="daily is every day"),
        pytest.param(WEEKLY, " ", _week(0), id="weekly is Monday"),
        pytest.param(MONTHLY, "", _month(1), id="monthly is the first"),
        pytest.param(DAILY, "mon-fri", _week(0, 1, 2, 3, 4), id="a range"),
        pytest.param(DAILY, "sat-mon", _week(5, 6, 0), id="a range over the end of the week"),
        pytest.param(DAILY, "tue-mon", _week(0, 1, 2, 3, 4, 5, 6), id="a range all the way round"),
        pytest.param(DAILY, "mon,wed,fri", _week(0, 2, 4), id="a list"),
        pytest.param(DAILY, "mon wed; fri", _week(0, 2, 4), id="a list without commas"),
        pytest.param(DAILY, "mon-wed,sat", _week(0, 1, 2, 5), id="a range and a day"),
        pytest.param(DAILY, "Mon \N{EN DASH} Fri", _week(0, 1, 2, 3, 4), id="a pasted dash"),
        pytest.param(DAILY, "Tues,THURSDAY", _week(1, 3), id="longer names"),
        pytest.param(DAILY, "weekdays", _week(0, 1, 2, 3, 4), id="weekdays"),
        pytest.param(DAILY, "weekend,mon", _week(5, 6, 0), id="weekend and a day"),
        pytest.param(WEEKLY, "sat", _week(5), id="one day of the week"),
        pytest.param(WEEKLY, "sat,Saturday", _week(5), id="the same day twice"),
        pytest.param(MONTHLY, "15", _month(15), id="one day of the month"),
        pytest.param(MONTHLY, "15, 01", _month(1, 15), id="two days of the month"),
        pytest.param(MONTHLY, "Last", _month(31), id="the last day"),
    ],
)
def test_days_are_read(cadence: Cadence, text: str, days: Days) -> None:
    assert read_days(text, cadence) == days


@pytest.mark.parametrize(
    ("cadence", "text", "mend"),
    [
        pytest.param(DAILY, "someday", "'someday' is no day .* such as mon-fri", id="no day"),
        pytest.param(DAILY, "mo", "'mo' is no day of the week", id="too short to be sure"),
        pytest.param(DAILY, "mon-", "'mon-' is no day of the week", id="half a range"),
        pytest.param(DAILY, "mon-wed-fri", "'mon-wed-fri' is no day", id="a range of three"),
        pytest.param(DAILY, "1,15", "days of the month are for monthly", id="daily on a date"),
        pytest.param(DAILY, ",", "',' names no day", id="nothing between the commas"),
        pytest.param(WEEKLY, "last", "days of the month are for monthly", id="weekly on the last"),
        pytest.param(WEEKLY, "mon,thu", "one day, 'mon,thu' names 2.*daily", id="twice a week"),
        pytest.param(WEEKLY, "weekend", "a weekly issue has one day", id="a weekly weekend"),
        pytest.param(MONTHLY, "mon", "days of the week are for daily", id="monthly on Monday"),
        pytest.param(MONTHLY, "weekdays", "days of the week are for daily", id="monthly weekdays"),
        pytest.param(MONTHLY, "0", "from 1 to 31, or last", id="day nought"),
        pytest.param(MONTHLY, "32", "from 1 to 31, or last", id="day 32"),
        pytest.param(MONTHLY, "1-5", "'1-5' is no day of the month", id="a range of dates"),
        pytest.param(MONTHLY, "-1", "'-1' is no day of the month", id="counting from the end"),
        pytest.param(MONTHLY, "9" * 5000, "no day of the month", id="a very long number"),
        pytest.param(MONTHLY, "٣", "no day of the month", id="digits that are not ours"),
        pytest.param(Cadence.INSTANT, "", "use daily, weekly or monthly", id="alerts"),
    ],
)
def test_days_that_cannot_be_read_say_how_to_mend_them(
    cadence: Cadence, text: str, mend: str
) -> None:
    with pytest.raises(InputError, match=mend):
        read_days(text, cadence)


@given(st.text(max_size=12), st.sampled_from([DAILY, WEEKLY, MONTHLY]))
def test_any_text_is_read_or_refused(text: str, cadence: Cadence) -> None:
    try:
        days = read_days(text, cadence)
    except InputError:
        return
    assert read_days(str(days), cadence) == days


@given(st.sets(st.integers(0, 6), min_size=1))
def test_days_of_the_week_are_written_as_they_are_read(days: set[int]) -> None:
    assert read_days(str(_week(*days)), DAILY) == _week(*days)


@given(st.sets(st.integers(1, 31), min_size=1))
def test_days_of_the_month_are_written_as_they_are_read(days: set[int]) -> None:
    assert read_days(str(_month(*days)), MONTHLY) == _month(*days)


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (_week(0, 1, 2, 3, 4, 5, 6), "mon-sun"),
        (_week(0, 1, 2, 3, 4), "mon-fri"),
        (_week(6, 5, 0), "sat-mon"),
        (_week(5, 6), "sat,sun"),
        (_week(0, 2, 4), "mon,wed,fri"),
        (_month(31, 1), "1,last"),
    ],
)
def test_days_are_written_short(days: Days, text: str) -> None:
    assert str(days) == text


@pytest.mark.parametrize(
    ("days", "on"),
    [
        pytest.param("last", "2026-01-31 2026-02-28 2026-03-31 2026-04-30", id="last"),
        pytest.param("31", "2026-01-31 2026-02-28 2026-03-31 2026-04-30", id="31 is last"),
        pytest.param("30", "2026-01-30 2026-02-28 2026-03-30 2026-04-30", id="30 in February"),
        pytest.param(
            "30,31",
            "2026-01-30 2026-01-31 2026-02-28 2026-03-30 2026-03-31 2026-04-30",
            id="two days that fall together are one",
        ),
        pytest.param("29", "2028-01-29 2028-02-29 2028-03-29 2028-04-29", id="29 in a leap year"),
        pytest.param("30", "2028-01-30 2028-02-29 2028-03-30 2028-04-30", id="30 in a leap year"),
    ],
)
def test_a_day_a_month_does_not_have_is_its_last(days: str, on: str) -> None:
    expected = [date.fromisoformat(day) for day in on.split()]
    rule = read_days(days, MONTHLY)
    start = expected[0].replace(day=1)
    four_months = (start + timedelta(days=n) for n in range((expected[-1] - start).days + 1))
    assert [day for day in four_months if day in rule] == expected


@given(st.integers(1, 31), st.integers(1901, 2200))
def test_every_month_has_exactly_one_of_any_day(day: int, year: int) -> None:
    rule = _month(day)
    first = date(year, 1, 1)
    dates = (first + timedelta(days=n) for n in range(366))
    months = [on.month for on in dates if on.year == year and on in rule]
    assert months == list(range(1, 13))


@pytest.mark.parametrize(
    ("weekdays", "month_days"), [((), ()), ((0,), (1,)), ((7,), ()), ((), (0,)), ((), (32,))]
)
def test_days_that_mean_nothing_cannot_be_made(
    weekdays: tuple[int, ...], month_days: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="days of the"):
        Days(frozenset(weekdays), frozenset(month_days))
