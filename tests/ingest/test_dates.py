"""Dates as programs write and people print them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.ingest.dates import read_date, read_instant, read_printed


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-10-16T19:20:00+09:00", datetime(2023, 10, 16, 10, 20, tzinfo=UTC)),
        ("2023-10-16T19:20Z", datetime(2023, 10, 16, 19, 20, tzinfo=UTC)),
        (" 2023-10-16 19:20 ", datetime(2023, 10, 16, 19, 20, tzinfo=UTC)),
        ("Mon, 16 Oct 2023 19:20:00 +0900", datetime(2023, 10, 16, 10, 20, tzinfo=UTC)),
        ("16 Oct 2023 19:20 EST", datetime(2023, 10, 17, 0, 20, tzinfo=UTC)),
        ("0001-01-01T00:00+10:00", None),
        ("9999-12-31T23:59-10:00", None),
        ("2023-13-01", None),
        ("10/16/2023", None),
        ("", None),
        ("2" * 5000, None),
    ],
)
def test_an_instant_is_read_in_utc_or_not_at_all(text: str, instant: datetime | None) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize(
    ("line", "month_first", "day_first"),
    [
        pytest.param("05/10/2023", date(2023, 5, 10), date(2023, 10, 5), id="open"),
        pytest.param("05/16/2023", date(2023, 5, 16), date(2023, 5, 16), id="the day is second"),
        pytest.param("16/05/2023", date(2023, 5, 16), date(2023, 5, 16), id="the day is first"),
        pytest.param("05.10.2023", date(2023, 10, 5), date(2023, 10, 5), id="dots mean day first"),
        pytest.param("05-10-23", date(2023, 5, 10), date(2023, 10, 5), id="two digits of the year"),
        pytest.param("5 May 2023", date(2023, 5, 5), date(2023, 5, 5), id="a name decides"),
        pytest.param("Sunday 1st of March 2020", date(2020, 3, 1), date(2020, 3, 1), id="in words"),
        pytest.param("1º de março de 2020", date(2020, 3, 1), date(2020, 3, 1), id="Portuguese"),
        pytest.param(
            "\uff12\uff10\uff12\uff13年5月1日", date(2023, 5, 1), date(2023, 5, 1), id="wide"
        ),
        pytest.param("12/31/2023 24:59", date(2024, 1, 1), date(2024, 1, 1), id="past midnight"),
    ],
)
def test_a_printed_date_keeps_both_readings(line: str, month_first: date, day_first: date) -> None:
    printed = read_printed(line)
    assert printed is not None
    assert printed.at(day_first=False).date() == month_first
    assert printed.at(day_first=True).date() == day_first


@pytest.mark.parametrize(
    "line",
    [
        "", "2023", "16 October", "13/13/2023", "31/02/2023", "00/10/2023", "16 Octember 2023",
        "1.2.3", "10/16/2023 25:00", "10/16/2023 19:60", "10/16/2023 13:00 pm",
        "10/16/2023 19:20 XYZ",
        "on 16 October 2023 it rained", "10/16/1823", "10/16/2023 19:20 +99:00",
        "(555) 123-4567", "192.168.1.1", "3/4", "\u0661/\u0662/\u0663",
    ],
)  # fmt: skip
def test_a_line_that_is_no_date_is_left_alone(line: str) -> None:
    assert read_printed(line) is None


def test_a_day_is_the_one_written_whatever_the_zone() -> None:
    assert read_date("2023-10-16T00:30:00+09:00") == date(2023, 10, 16)
    assert read_date("16 October 2023") == date(2023, 10, 16)
    assert read_date("05/10/2023") is None


@given(st.text(max_size=90) | st.from_regex(r"\A\d{1,4}[/. -]\d{1,4}[/. -]\d{1,4}.{0,12}\Z"))
def test_no_line_is_too_odd(line: str) -> None:
    read_instant(line)
    read_date(line)
    if printed := read_printed(line):
        assert printed.at(day_first=True).tzinfo is UTC
