"""Slots run once, missed ones by rule, and alerts come as one mail a burst."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.errors import InputError, NotFoundError
from mailer.flows.keep_schedules import (
    Keep,
    ScheduleText,
    coming_slots,
    keep_schedule,
    write_schedule,
)
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.plan_run import plan_run
from mailer.store.database import Database
from mailer.store.runs import list_runs
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

MINA = "mina@reader.example"
SECOND = timedelta(seconds=1)


def tick(newsroom: Newsroom, now: datetime) -> tuple[int, ...]:
    """Open what is due, plan it and send it; return the new runs."""
    opened = open_due_runs(newsroom.database, now=now).opened
    for run_id in opened:
        plan_run(newsroom.desk, run_id, now=now)
    newsroom.deliver(now)
    return opened


def daily_at_noon(newsroom: Newsroom, **changes: str) -> None:
    text = ScheduleText("asia", Cadence.DAILY, "12:00", **({"timezone": "UTC"} | changes))
    write_schedule(newsroom.database, text, now=NOON - 2 * DAY - MINUTE)


def test_a_slot_that_is_due_is_opened_once(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    daily_at_noon(newsroom)
    newsroom.publish("one", "China", at=NOON - 2 * DAY - timedelta(hours=2))

    first = tick(newsroom, NOON - 2 * DAY)
    second = tick(newsroom, NOON - 2 * DAY + MINUTE)

    assert (len(first), len(second)) == (1, 0)
    assert newsroom.given() == [(MINA, "one")]


def test_three_who_tick_at_once_open_one_run_a_slot(newsroom: Newsroom) -> None:
    daily_at_noon(newsroom)
    start = Barrier(3)
    opened: list[int] = []

    def beat() -> None:
        start.wait(timeout=10)
        opened.extend(open_due_runs(newsroom.database, now=NOON - 2 * DAY).opened)

    beats = [Thread(target=beat) for _ in range(3)]
    for thread in beats:
        thread.start()
    for thread in beats:
        thread.join(timeout=30)

    assert len(opened) == 1


@pytest.mark.parametrize(
    ("back_at", "states"),
    [
        (NOON - 2 * DAY + MINUTE, ["planning"]),
        (NOON + MINUTE, ["skipped", "skipped", "planning"]),
        (NOON + timedelta(hours=7), ["skipped", "skipped", "skipped"]),
    ],
    ids=["in time", "two days late: one digest covers them", "too late for the last one"],
)
def test_missed_slots_are_caught_up_by_rule(
    newsroom: Newsroom, back_at: datetime, states: list[str]
) -> None:
    daily_at_noon(newsroom, max_late="6h")

    open_due_runs(newsroom.database, now=back_at)

    with newsroom.database.read() as connection:
        runs = sorted(list_runs(connection), key=lambda run: run.as_of)
    assert [run.state.value for run in runs] == states
    assert all(run.state_reason for run in runs if run.state is RunState.SKIPPED)


def test_no_story_of_a_skipped_slot_is_lost(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    daily_at_noon(newsroom, max_late="6h")
    newsroom.publish("missed", "China", at=NOON - 2 * DAY - timedelta(hours=2))

    tick(newsroom, NOON - 2 * DAY + timedelta(hours=8))
    assert newsroom.given() == []
    tick(newsroom, NOON - DAY)

    assert newsroom.given() == [(MINA, "missed")]


def test_each_reader_gets_it_at_her_own_hour(newsroom: Newsroom) -> None:
    for email, zone, hour in [
        ("seoul@reader.example", "Asia/Seoul", None),
        ("rome@reader.example", "Europe/Rome", None),
        ("early@reader.example", "Europe/Rome", 6),
    ]:
        newsroom.read_by(email, timezone=zone, hour=hour)
        newsroom.follow(email, "china")
    write_schedule(
        newsroom.database,
        ScheduleText("asia", Cadence.DAILY, "08:00", timezone="reader"),
        now=datetime(2026, 3, 9, 20, tzinfo=UTC),
    )
    newsroom.publish("one", "China", at=datetime(2026, 3, 9, 19, tzinfo=UTC))
    got = []
    for hour in range(24):
        before = set(newsroom.given())
        tick(newsroom, datetime(2026, 3, 9, 22, 30, tzinfo=UTC) + hour * timedelta(hours=1))
        got += [(hour, email) for email, _ in sorted(set(newsroom.given()) - before)]

    # 08:00 in Seoul is 23:00 UTC; 06:00 in Rome 05:00, 08:00 there 07:00.
    assert got == [
        (1, "seoul@reader.example"),
        (7, "early@reader.example"),
        (9, "rome@reader.example"),
    ]


def test_a_paused_schedule_opens_nothing_and_catches_nothing_up(newsroom: Newsroom) -> None:
    daily_at_noon(newsroom)
    keep_schedule(newsroom.database, 1, Keep.PAUSE, now=NOON - 2 * DAY - MINUTE)
    assert tick(newsroom, NOON - DAY) == ()

    keep_schedule(newsroom.database, 1, Keep.RESUME, now=NOON - DAY + MINUTE)

    assert tick(newsroom, NOON - DAY + 2 * MINUTE) == ()
    assert len(tick(newsroom, NOON)) == 1
    keep_schedule(newsroom.database, 1, Keep.REMOVE, now=NOON)
    assert tick(newsroom, NOON + DAY) == ()
    with pytest.raises(NotFoundError, match="no schedule 1"):
        keep_schedule(newsroom.database, 1, Keep.PAUSE, now=NOON)


def test_the_next_slots_are_told_in_order(database: Database, newsroom: Newsroom) -> None:
    daily_at_noon(newsroom, timezone="Europe/Berlin")

    # The clocks go forward in Berlin on 29 March 2026.
    coming = coming_slots(database, now=datetime(2026, 3, 28, tzinfo=UTC), count=2)

    assert [one.slot.at.isoformat() for one in coming] == [
        "2026-03-28T11:00:00+00:00",
        "2026-03-29T10:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ScheduleText("asia", Cadence.INSTANT, "07:00"), "alerts need no schedule"),
        (ScheduleText("asia", Cadence.DAILY, "25:00"), "no time of day"),
        (ScheduleText("asia", Cadence.DAILY, "07:00", timezone="Mars"), "unknown timezone"),
        (ScheduleText("asia", Cadence.DAILY, "07:00", catch_up="maybe"), "use coalesce or skip"),
        (ScheduleText("none", Cadence.DAILY, "07:00"), "unknown newsletter"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    newsroom: Newsroom, text: ScheduleText, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_schedule(newsroom.database, text, now=NOON)


def test_a_burst_of_stories_is_one_alert(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "instant", at=NOON - DAY)
    for number in range(3):
        newsroom.publish(f"burst {number}", "China", at=NOON + number * 5 * SECOND)

    assert tick(newsroom, NOON + 15 * SECOND) == ()
    assert len(tick(newsroom, NOON + 40 * SECOND)) == 1
    assert tick(newsroom, NOON + 50 * SECOND) == ()

    [row] = newsroom.deliveries()
    assert len(row.items) == 3


def test_a_later_story_is_the_next_alert(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "instant", at=NOON - DAY)
    newsroom.publish("one", "China", at=NOON)
    tick(newsroom, NOON + MINUTE)
    newsroom.publish("two", "China", at=NOON + 2 * MINUTE)

    tick(newsroom, NOON + 3 * MINUTE)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]
    assert len(newsroom.deliveries()) == 2


def test_an_urgent_story_overrides_the_preference_for_a_digest(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "daily")
    newsroom.publish("calm", "China", at=NOON)
    newsroom.publish("quake", "China", at=NOON, urgent=True)

    tick(newsroom, NOON + MINUTE)
    assert newsroom.given() == [(MINA, "quake")]
    newsroom.send("daily", as_of=NOON + 5 * MINUTE)

    assert newsroom.given() == [(MINA, "calm"), (MINA, "quake")]
    assert [run.nothing_new_count for run in map(newsroom.run, (1, 2))] == [0, 0]


def test_a_tag_added_late_is_an_alert_for_its_new_readers(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "trade", "instant", at=NOON - DAY)
    newsroom.publish("one", "China", at=NOON)
    tick(newsroom, NOON + MINUTE)

    newsroom.publish("one", "China", topics=["trade"], at=NOON + 10 * MINUTE)
    tick(newsroom, NOON + 11 * MINUTE)

    assert newsroom.given() == [(MINA, "one")]
