"""Times, lengths of time and quiet hours."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.core.clocks import (
    QuietHours,
    duration_text,
    first_instant,
    out_of_quiet,
    read_duration,
    read_time,
    zone_named,
)
from mailer.errors import InputError

NIGHT = QuietHours(time(22), time(7))


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _utc(text: str) -> datetime:
    return _wall(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("07:00", time(7)),
        ("7:00", time(7)),
        ("7", time(7)),
        (" 19.30 ", time(19, 30)),
        ("00:00", time(0)),
        ("23:59", time(23, 59)),
    ],
)
def test_a_time_is_read(text: str, at: time) -> None:
    assert read_time(text) == at


@pytest.mark.parametrize(
    "text", ["", "24:00", "7pm", "07:60", "07:5", "7:", ":30", "-1", "07:00:00", "\u0667", "noon"]
)
def test_a_time_that_cannot_be_read_says_how_to_mend_it(text: str) -> None:
    with pytest.raises(InputError, match=r"is no time of day: use 24 hours such as 07:00"):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("6h", timedelta(hours=6)),
        ("90m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        (" 1D 12H ", timedelta(hours=36)),
        ("1m", timedelta(minutes=1)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_a_length_of_time_is_read(text: str, length: timedelta) -> None:
    assert read_duration(text) == length


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        pytest.param("", "such as 2d, 6h, 90m or 1h30m", id="nothing"),
        pytest.param("6", "'6h' if hours were meant", id="no unit"),
        pytest.param("30s", "no length of time", id="seconds"),
        pytest.param("30m1h", "in this order", id="wrong order"),
        pytest.param("1.5h", "no length of time", id="a fraction"),
        pytest.param("-6h", "no length of time", id="negative"),
        pytest.param("0m", "too short or too long", id="no time at all"),
        pytest.param("3661d", "too short or too long", id="over ten years"),
        pytest.param("9" * 28 + "w", "too short or too long", id="beyond what can be counted"),
        pytest.param("9" * 5000 + "w", "no length of time", id="a very long number"),
    ],
)
def test_a_length_that_cannot_be_read_says_how_to_mend_it(text: str, mend: str) -> None:
    with pytest.raises(InputError, match=mend):
        read_duration(text)


@given(st.integers(1, 3660 * 24 * 60))
def test_a_length_is_written_as_it_is_read(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert read_duration(duration_text(length)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0m"),
        (timedelta(seconds=1), "1m"),
        (timedelta(hours=6, microseconds=1), "6h1m"),
        (timedelta(days=2, hours=3), "2d3h"),
    ],
)
def test_a_started_minute_counts_whole(length: timedelta, text: str) -> None:
    assert duration_text(length) == text


@pytest.mark.parametrize("name", ["", "Atlantis/Poseidonis", "../etc/passwd", "Asia", "a\0b"])
def test_a_zone_nobody_knows_is_utc(name: str) -> None:
    assert zone_named(name).key == "UTC"


@pytest.mark.parametrize(
    ("zone", "instant", "until"),
    [
        pytest.param("Asia/Seoul", "2024-05-01T12:59", "2024-05-01T12:59", id="a minute before"),
        pytest.param("Asia/Seoul", "2024-05-01T13:00", "2024-05-01T22:00", id="as it begins"),
        pytest.param("Asia/Seoul", "2024-05-01T15:00", "2024-05-01T22:00", id="at midnight"),
        pytest.param("Asia/Seoul", "2024-05-01T21:59", "2024-05-01T22:00", id="its last minute"),
        pytest.param("Asia/Seoul", "2024-05-01T22:00", "2024-05-01T22:00", id="at its end"),
        pytest.param("Europe/Berlin", "2024-03-30T23:00", "2024-03-31T05:00", id="a short night"),
        pytest.param("Europe/Berlin", "2024-10-26T22:00", "2024-10-27T06:00", id="a long night"),
        pytest.param("Asia/Kathmandu", "2024-05-01T17:00", "2024-05-02T01:15", id="odd offset"),
        pytest.param(
            "Pacific/Apia", "2011-12-30T09:00", "2011-12-30T17:00", id="a night and no next date"
        ),
    ],
)
def test_a_quiet_night_ends_in_the_morning(zone: str, instant: str, until: str) -> None:
    assert out_of_quiet(_utc(instant), zone, NIGHT) == _utc(until)


@pytest.mark.parametrize(
    ("quiet", "instant", "until"),
    [
        pytest.param("01:00-02:30", "2024-03-31T00:30", "2024-03-31T01:00", id="end in the gap"),
        pytest.param("01:00-02:30", "2024-10-26T23:30", "2024-10-27T00:30", id="the first end"),
        pytest.param("01:00-02:30", "2024-10-27T00:40", "2024-10-27T00:40", id="between the two"),
        pytest.param("01:00-02:30", "2024-10-27T01:10", "2024-10-27T01:30", id="the second end"),
        pytest.param("01:00-03:00", "2024-10-27T00:10", "2024-10-27T02:00", id="over both"),
    ],
)
def test_quiet_is_what_the_clock_shows_when_it_jumps(quiet: str, instant: str, until: str) -> None:
    start, end = map(read_time, quiet.split("-"))
    assert out_of_quiet(_utc(instant), "Europe/Berlin", QuietHours(start, end)) == _utc(until)


_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana",
          "Pacific/Apia", "Africa/Casablanca", "America/Santiago", "Asia/Beirut"]  # fmt: skip


@example(_ZONES[5], datetime(2011, 12, 30, 9, tzinfo=UTC), (1320, 420))
@given(
    st.sampled_from(_ZONES),
    st.datetimes(_wall("2010-01-01"), _wall("2040-01-01"), timezones=st.just(UTC)),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1]),
)
def test_after_quiet_hours_it_is_not_quiet_and_at_most_two_days_have_passed(
    zone: str, instant: datetime, minutes: tuple[int, int]
) -> None:
    start, end = (time(*divmod(minute, 60)) for minute in minutes)
    quiet = QuietHours(start, end)
    out = out_of_quiet(instant, zone, quiet)
    shown = out.astimezone(zone_named(zone))
    assert shown.time() not in quiet
    assert timedelta(0) <= out - instant < timedelta(days=2)
    assert (out == instant) == (instant.astimezone(zone_named(zone)).time() not in quiet)
    assert out == instant or shown.time() >= end


def test_quiet_hours_without_length_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="two different times"):
        QuietHours(time(7), time(7))


def test_a_local_time_in_a_gap_of_a_whole_day_comes_after_it() -> None:
    apia = zone_named("Pacific/Apia")
    for hour in range(24):
        wall = _wall(f"2011-12-30T{hour:02}:00")
        assert first_instant(wall, apia) == _utc("2011-12-30T10:00")
