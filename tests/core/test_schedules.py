"""Rules, lanes and slots: named days, and cuts anywhere."""

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.days import Days
from mailer.core.readers import Cadence
from mailer.core.schedules import (
    Lane,
    Rule,
    Slot,
    lanes_of,
    next_slots,
    read_lane,
    read_rule,
    slot_identity,
    slots,
)
from mailer.errors import InputError

SEOUL = Lane("Asia/Seoul")
BERLIN = Lane("Europe/Berlin")
EVERY_DAY = Days(weekdays=frozenset(range(7)))

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
         "Asia/Kathmandu", "Pacific/Apia", "Pacific/Kiritimati", "America/Havana",
         "America/Santiago", "Asia/Beirut", "Africa/Cairo"]  # fmt: skip


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _utc(text: str) -> datetime:
    return _wall(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "start", "expected"),
    [
        pytest.param(
            "Europe/Berlin", "02:30", "2024-03-30",
            "2024-03-30T01:30 2024-03-31T01:00 2024-04-01T00:30", id="Berlin, lost hour",
        ),
        pytest.param(
            "Europe/Berlin", "02:00", "2024-03-30",
            "2024-03-30T01:00 2024-03-31T01:00 2024-04-01T00:00", id="Berlin, first lost minute",
        ),
        pytest.param(
            "Europe/Berlin", "03:00", "2024-03-30",
            "2024-03-30T02:00 2024-03-31T01:00 2024-04-01T01:00", id="Berlin, after the gap",
        ),
        pytest.param(
            "Europe/Berlin", "02:30", "2024-10-26",
            "2024-10-26T00:30 2024-10-27T00:30 2024-10-28T01:30", id="Berlin, doubled hour",
        ),
        pytest.param(
            "Europe/Berlin", "03:00", "2024-10-26",
            "2024-10-26T01:00 2024-10-27T02:00 2024-10-28T02:00", id="Berlin, after the doubled",
        ),
        pytest.param(
            "America/New_York", "02:30", "2024-03-09",
            "2024-03-09T07:30 2024-03-10T07:00 2024-03-11T06:30", id="New York, lost hour",
        ),
        pytest.param(
            "America/New_York", "01:30", "2024-11-02",
            "2024-11-02T05:30 2024-11-03T05:30 2024-11-04T06:30", id="New York, doubled hour",
        ),
        pytest.param(
            "Australia/Lord_Howe", "02:15", "2024-10-05",
            "2024-10-04T15:45 2024-10-05T15:30 2024-10-06T15:15", id="Lord Howe, lost half hour",
        ),
        pytest.param(
            "Australia/Lord_Howe", "01:45", "2024-04-06",
            "2024-04-05T14:45 2024-04-06T14:45 2024-04-07T15:15", id="Lord Howe, doubled half hour",
        ),
        pytest.param(
            "Pacific/Apia", "07:00", "2011-12-29",
            "2011-12-29T17:00 2011-12-30T10:00 2011-12-30T17:00", id="Apia, a date left out",
        ),
        pytest.param(
            "Africa/Casablanca", "02:30", "2024-03-09",
            "2024-03-09T01:30 2024-03-10T01:30 2024-03-11T02:30", id="Casablanca, into Ramadan",
        ),
        pytest.param(
            "Africa/Casablanca", "02:30", "2024-04-13",
            "2024-04-13T02:30 2024-04-14T02:00 2024-04-15T01:30", id="Casablanca, out of Ramadan",
        ),
        pytest.param(
            "Asia/Kathmandu", "07:00", "2024-02-28",
            "2024-02-28T01:15 2024-02-29T01:15 2024-03-01T01:15", id="Kathmandu, a leap day",
        ),
        pytest.param(
            "Asia/Kathmandu", "00:05", "1985-12-31",
            "1985-12-30T18:35 1985-12-31T18:30 1986-01-01T18:20", id="Kathmandu, lost quarter",
        ),
        pytest.param(
            "America/Havana", "00:00", "2024-03-09",
            "2024-03-09T05:00 2024-03-10T05:00 2024-03-11T04:00", id="Havana has no midnight",
        ),
    ],
)  # fmt: skip
def test_each_local_day_has_one_slot_also_when_the_clocks_change(
    zone: str, at: str, start: str, expected: str
) -> None:
    rule = read_rule(Cadence.DAILY, at)
    day = _wall(start)
    before = _utc(start) - timedelta(days=3)
    found = [s for s in next_slots(rule, Lane(zone), before, 9) if s.nominal >= day][:3]
    assert [slot.at for slot in found] == [_utc(text) for text in expected.split()]
    assert [slot.nominal for slot in found] == [
        datetime.combine(day + timedelta(days=n), rule.at) for n in range(3)
    ]


@pytest.mark.parametrize(
    ("cadence", "days", "expected"),
    [
        pytest.param(Cadence.DAILY, "mon-fri", "10-22 10-23 10-26 10-27 10-28", id="weekdays"),
        pytest.param(Cadence.DAILY, "weekend", "10-24 10-25 10-31 11-01 11-07", id="weekend"),
        pytest.param(Cadence.WEEKLY, "", "10-26 11-02 11-09 11-16 11-23", id="Mondays"),
        pytest.param(Cadence.MONTHLY, "1,15", "11-01 11-15 12-01 12-15 01-01", id="twice a month"),
        pytest.param(Cadence.MONTHLY, "last", "10-31 11-30 12-31 01-31 02-28", id="month ends"),
    ],
)
def test_the_next_slots_fall_on_the_days_of_the_rule(
    cadence: Cadence, days: str, expected: str
) -> None:
    rule = read_rule(cadence, "07:00", days)
    found = next_slots(rule, SEOUL, _utc("2026-10-21T12:00"), 5)
    assert [f"{slot.nominal:%m-%d}" for slot in found] == expected.split()
    assert {slot.nominal.time() for slot in found} == {time(7)}


def test_an_interval_holds_its_end_and_not_its_start() -> None:
    rule = read_rule(Cadence.DAILY, "07:00")
    seven = _utc("2026-10-21T22:00")
    moment = timedelta(microseconds=1)
    assert [s.at for s in slots(rule, SEOUL, seven - moment, seven)] == [seven]
    assert list(slots(rule, SEOUL, seven, seven + moment)) == []
    assert list(slots(rule, SEOUL, seven, seven)) == []
    assert list(slots(rule, SEOUL, seven, seven - timedelta(days=9))) == []


def test_instants_may_come_in_any_timezone_and_leave_in_utc() -> None:
    rule = read_rule(Cadence.DAILY, "07:00")
    east = timezone(timedelta(hours=14))
    after = _utc("2026-10-21T12:00")
    found = next_slots(rule, SEOUL, after.astimezone(east), 2)
    assert found == next_slots(rule, SEOUL, after, 2)
    assert all(slot.at.tzinfo is UTC for slot in found)


def test_the_calendar_ends_without_an_error() -> None:
    rule = read_rule(Cadence.DAILY, "07:00")
    assert len(next_slots(rule, SEOUL, _utc("9999-12-28T00:00"), 9)) < 9
    assert next_slots(rule, SEOUL, _utc("0001-01-01T00:00"), 1)


def test_naive_instants_and_odd_times_are_refused() -> None:
    rule = Rule(time(7), EVERY_DAY)
    with pytest.raises(ValueError, match="aware instants"):
        next_slots(rule, SEOUL, datetime(2026, 10, 21), 1)  # noqa: DTZ001 - that is the point
    for at in (time(7, 0, 1), time(7, 0, 0, 1), time(7, tzinfo=UTC)):
        with pytest.raises(ValueError, match="whole minutes"):
            Rule(at, EVERY_DAY)


def test_a_rule_that_cannot_be_read_is_refused() -> None:
    for cadence, at, days in [
        (Cadence.DAILY, "7pm", ""),
        (Cadence.WEEKLY, "07:00", "1"),
        (Cadence.INSTANT, "07:00", ""),
    ]:
        with pytest.raises(InputError):
            read_rule(cadence, at, days)


def test_a_slot_is_named_by_its_local_time_and_not_by_its_instant() -> None:
    there = Slot(_wall("2026-10-25T02:30"), BERLIN, _utc("2026-10-25T00:30"))
    moved = Slot(_wall("2026-10-25T02:30"), BERLIN, _utc("2026-10-25T01:30"))
    assert slot_identity(7, there) == "schedule/7/2026-10-25T02:30/Europe/Berlin"
    assert slot_identity(7, moved) == slot_identity(7, there)
    assert slot_identity(8, there) != slot_identity(7, there)


@pytest.mark.parametrize("lane", [SEOUL, Lane("Asia/Seoul", 0), Lane("Etc/GMT+5", 23)])
def test_a_lane_is_read_as_it_is_written(lane: Lane) -> None:
    assert read_lane(lane.text) == lane


def test_a_lane_has_a_short_name() -> None:
    assert Lane("Asia/Seoul").text == "Asia/Seoul"
    assert Lane("Asia/Seoul", 8).text == "Asia/Seoul@08"
    with pytest.raises(ValueError, match="0 to 23"):
        Lane("Asia/Seoul", 24)


def test_readers_with_an_hour_of_their_own_get_it_at_that_hour_on_the_rules_days() -> None:
    rule = read_rule(Cadence.WEEKLY, "07:30", "sat")
    after = _utc("2026-10-21T12:00")
    [theirs] = next_slots(rule, SEOUL, after, 1)
    [hers] = next_slots(rule, Lane("Asia/Seoul", 7), after, 1)
    [at_midnight] = next_slots(rule, Lane("Asia/Seoul", 0), after, 1)
    assert theirs.nominal == _wall("2026-10-24T07:30")
    assert hers.nominal == _wall("2026-10-24T07:00")
    assert at_midnight.nominal == _wall("2026-10-24T00:00")


def test_an_own_hour_equal_to_the_rules_is_still_a_slot_of_its_own() -> None:
    rule = read_rule(Cadence.DAILY, "07:00")
    after = _utc("2026-10-21T12:00")
    [theirs] = next_slots(rule, SEOUL, after, 1)
    [hers] = next_slots(rule, Lane("Asia/Seoul", 7), after, 1)
    assert theirs.at == hers.at
    assert slot_identity(1, theirs) != slot_identity(1, hers)


def test_only_a_schedule_in_the_readers_timezone_has_their_lanes() -> None:
    in_use = [Lane("Europe/Rome"), SEOUL, Lane("Asia/Seoul", 8), SEOUL]
    assert lanes_of("reader", in_use) == (SEOUL, Lane("Asia/Seoul", 8), Lane("Europe/Rome"))
    assert lanes_of("Europe/Rome", in_use) == (Lane("Europe/Rome"),)
    assert lanes_of("reader", []) == ()


_RULES = st.builds(
    Rule,
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.builds(lambda days: Days(weekdays=days), st.frozensets(st.integers(0, 6), min_size=1))
    | st.builds(lambda days: Days(month_days=days), st.frozensets(st.integers(1, 31), min_size=1)),
)
_LANES = st.builds(Lane, st.sampled_from(ZONES), st.none() | st.integers(0, 23))


@given(
    _RULES,
    _LANES,
    st.datetimes(_wall("2009-01-01"), _wall("2040-01-01"), timezones=st.just(UTC)),
    st.lists(st.integers(0, 40 * 24 * 3600), max_size=12),
    st.data(),
)
def test_no_slot_is_lost_or_doubled_however_the_time_is_cut(
    rule: Rule, lane: Lane, start: datetime, seconds: list[int], data: st.DataObject
) -> None:
    end = start + timedelta(days=40)
    whole = list(slots(rule, lane, start, end))
    cuts = [start + timedelta(seconds=second) for second in seconds]
    if whole:
        # A cut that falls on a slot is the one that could lose or double it.
        cuts += [slot.at for slot in data.draw(st.lists(st.sampled_from(whole), max_size=5))]
    edges = sorted([start, *cuts, end])
    pieces = [s for before, after in pairwise(edges) for s in slots(rule, lane, before, after)]
    assert pieces == whole
    assert next_slots(rule, lane, start, len(whole)) == tuple(whole)
    names = [slot_identity(1, slot) for slot in whole]
    assert len(set(names)) == len(names)
    for one, other in pairwise(whole):
        assert one.at <= other.at
        assert one.nominal < other.nominal
