"""Missed slots: a table of outages, and any clock."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.catch_up import CatchUp, DueSlots, default_max_late, due_slots
from mailer.core.clocks import read_duration
from mailer.core.readers import Cadence
from mailer.core.schedules import Lane, Rule, Slot, read_rule, slot_identity, slots

COALESCE, SKIP = CatchUp.COALESCE, CatchUp.SKIP
SEVEN = read_rule(Cadence.DAILY, "07:00")


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _utc(text: str) -> datetime:
    return _wall(text).replace(tzinfo=UTC)


def _due(looked_until: str, now: str, catch_up: CatchUp, max_late: str) -> DueSlots:
    """Decide about a daily issue at 07:00 UTC."""
    return due_slots(
        SEVEN,
        [Lane("UTC")],
        looked_until=_utc(looked_until),
        now=_utc(now),
        catch_up=catch_up,
        max_late=read_duration(max_late),
    )


def _days(found: Iterable[Slot]) -> str:
    return " ".join(f"{slot.nominal:%a}" for slot in found) or "-"


# The scheduler was away from Monday, 19 October 2026, 06:00. What becomes of the slots since then:
# those that run / are covered by one that runs / are too late.
@pytest.mark.parametrize(
    ("back", "max_late", "catch_up", "fate"),
    [
        pytest.param("19T06:59", "6h", COALESCE, "- / - / -", id="nothing due yet"),
        pytest.param("19T07:00", "6h", COALESCE, "Mon / - / -", id="on the minute"),
        pytest.param("19T07:20", "6h", COALESCE, "Mon / - / -", id="a short outage"),
        pytest.param("19T07:20", "6h", SKIP, "Mon / - / -", id="a short outage, skip"),
        pytest.param("19T13:00", "6h", COALESCE, "Mon / - / -", id="exactly at the limit"),
        pytest.param("19T13:00", "6h", SKIP, "Mon / - / -", id="exactly at the limit, skip"),
        pytest.param("19T13:01", "6h", COALESCE, "- / - / Mon", id="over the limit"),
        pytest.param("19T13:01", "6h", SKIP, "- / - / Mon", id="over the limit, skip"),
        pytest.param("21T07:20", "6h", COALESCE, "Wed / Mon Tue / -", id="three due"),
        pytest.param("21T07:20", "6h", SKIP, "Wed / - / Mon Tue", id="three due, skip"),
        pytest.param("21T14:00", "6h", COALESCE, "- / - / Mon Tue Wed", id="all too late"),
        pytest.param("21T14:00", "6h", SKIP, "- / - / Mon Tue Wed", id="all too late, skip"),
        pytest.param("21T10:00", "2d", COALESCE, "Wed / Mon Tue / -", id="a limit of two days"),
        pytest.param("21T10:00", "2d", SKIP, "Tue Wed / - / Mon", id="every issue asked for"),
        pytest.param("20T06:59", "24h", COALESCE, "Mon / - / -", id="late by a period"),
        pytest.param("20T07:00", "24h", COALESCE, "Tue / Mon / -", id="the next one is due"),
    ],
)
def test_an_outage_is_caught_up_by_rule(
    back: str, max_late: str, catch_up: CatchUp, fate: str
) -> None:
    due = _due("2026-10-19T06:00", f"2026-10-{back}", catch_up, max_late)
    covered = [one.slot for one in due.skipped if one.covered_by]
    too_late = [one.slot for one in due.skipped if not one.covered_by]
    assert " / ".join(map(_days, (due.run, covered, too_late))) == fate


def test_ten_days_without_a_scheduler_give_one_digest_and_ten_reasons() -> None:
    due = _due("2026-10-19T07:00", "2026-10-30T08:00", COALESCE, "6h")
    assert [slot.at for slot in due.run] == [_utc("2026-10-30T07:00")]
    assert len(due.skipped) == 10
    assert {one.covered_by for one in due.skipped} == set(due.run)
    assert due.skipped[0].reason == "missed: the issue of 2026-10-30 07:00 UTC covers it"


def test_a_slot_that_is_too_late_says_by_how_much() -> None:
    due = _due("2026-10-19T06:00", "2026-10-19T13:00:30", SKIP, "6h")
    [skipped] = due.skipped
    assert skipped.reason == "6h1m late, 6h allowed: its stories come with the next issue"
    assert skipped.covered_by is None


def test_each_lane_catches_up_by_itself_and_the_oldest_slot_comes_first() -> None:
    rule = read_rule(Cadence.DAILY, "07:00")
    lanes = [Lane("UTC", 23), Lane("Europe/Rome", 10), Lane("Europe/Rome"), Lane("Asia/Seoul")]
    due = due_slots(
        rule,
        lanes,
        looked_until=_utc("2026-10-20T20:00"),
        now=_utc("2026-10-21T08:30"),
        catch_up=COALESCE,
        max_late=timedelta(hours=6),
    )
    assert [slot.lane.text for slot in due.run] == ["Europe/Rome", "Europe/Rome@10"]
    assert [one.slot.lane.text for one in due.skipped] == ["Asia/Seoul", "UTC@23"]
    assert [one.reason[:9] for one in due.skipped] == ["10h30m la", "9h30m lat"]


def test_a_clock_that_went_back_makes_nothing_due_twice() -> None:
    assert _due("2026-10-19T07:30", "2026-10-19T06:00", SKIP, "6h") == DueSlots()
    assert _due("2026-10-19T07:30", "2026-10-19T07:30", SKIP, "6h") == DueSlots()


def test_a_doubled_hour_is_due_once_and_a_lost_one_too() -> None:
    rule = read_rule(Cadence.DAILY, "02:30")
    berlin = Lane("Europe/Berlin")
    for night in ("2024-10-27", "2024-03-31"):
        ran: list[Slot] = []
        looked = _utc(f"{night}T00:00") - timedelta(hours=1)
        for minute in range(1, 300):
            now = looked + timedelta(minutes=1)
            due = due_slots(
                rule, [berlin], looked_until=looked, now=now, catch_up=SKIP, max_late=now - looked
            )
            assert not due.skipped, minute
            ran += due.run
            looked = now
        assert [slot.nominal for slot in ran] == [_wall(f"{night}T02:30")]


@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY])
def test_by_default_a_slot_is_caught_up_until_the_next_and_skipped_after_an_hour(
    cadence: Cadence,
) -> None:
    rule = read_rule(cadence, "07:00")
    year = slots(rule, Lane("UTC"), _utc("2025-12-31T08:00"), _utc("2027-01-01T00:00"))
    apart = min(later.at - one.at for one, later in pairwise(year))
    assert default_max_late(cadence, COALESCE) == apart
    assert default_max_late(cadence, SKIP) == timedelta(hours=1)


_LANES = [Lane("UTC"), Lane("Europe/Berlin"), Lane("Europe/Berlin", 2), Lane("Pacific/Apia", 0)]


@given(
    st.sampled_from([SEVEN, read_rule(Cadence.DAILY, "02:30", "sat-mon")]),
    st.datetimes(_wall("2009-01-01"), _wall("2040-01-01"), timezones=st.just(UTC)),
    st.lists(st.integers(-3 * 86_400, 6 * 86_400), max_size=10),
    st.sampled_from(CatchUp),
    st.sampled_from(["1m", "6h", "24h", "3d"]),
)
def test_whatever_the_clock_does_each_slot_is_decided_once(
    rule: Rule, start: datetime, jumps: list[int], catch_up: CatchUp, max_late: str
) -> None:
    """Several schedulers, outages and a clock that jumps: the store keeps how far anyone looked."""
    looked, now, allowed = start, start, read_duration(max_late)
    decided: list[Slot] = []
    for jump in jumps:
        now += timedelta(seconds=jump)
        due = due_slots(
            rule, _LANES, looked_until=looked, now=now, catch_up=catch_up, max_late=allowed
        )
        assert all(timedelta(0) <= now - slot.at <= allowed for slot in due.run)
        assert all(
            one.covered_by in due.run if one.covered_by else now - one.slot.at > allowed
            for one in due.skipped
        )
        if catch_up is COALESCE:
            assert len({slot.lane for slot in due.run}) == len(due.run)
        decided += [*due.run, *(one.slot for one in due.skipped)]
        looked = max(looked, now)
    names = [slot_identity(1, slot) for slot in decided]
    assert len(set(names)) == len(names)
    assert set(decided) == {s for lane in _LANES for s in slots(rule, lane, start, looked)}
