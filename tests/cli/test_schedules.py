"""`mailer schedules` and `mailer tick`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import Mailer

ZONES = [
    "America/Anchorage",
    "America/Bogota",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Lagos",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
]


def add_newsletter(mailer: Mailer) -> None:
    assert mailer("newsletters", "add", "asia", "--name", "A", "--from", "a@b.example").code == 0


@pytest.mark.parametrize(
    ("zone", "at", "start", "due"),
    [
        # Spring: 02:30 does not exist; the first valid instant after the gap.
        (
            "Europe/Berlin",
            "02:30",
            "2026-03-28T00:00Z",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"],
        ),
        # Autumn: 02:30 comes twice; once, the first time.
        (
            "Europe/Berlin",
            "02:30",
            "2026-10-24T00:00Z",
            ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        (
            "America/New_York",
            "02:30",
            "2026-03-07T00:00Z",
            ["2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"],
        ),
        (
            "America/New_York",
            "01:30",
            "2026-10-31T00:00Z",
            ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"],
        ),
        # Half an hour, in both directions.
        (
            "Australia/Lord_Howe",
            "02:15",
            "2026-10-02T00:00Z",
            ["2026-10-02T15:45", "2026-10-03T15:30", "2026-10-04T15:15"],
        ),
        (
            "Australia/Lord_Howe",
            "01:45",
            "2026-04-03T00:00Z",
            ["2026-04-03T14:45", "2026-04-04T14:45", "2026-04-05T15:15"],
        ),
    ],
    ids=["Berlin in", "Berlin out", "New York in", "New York out", "Lord Howe in", "Lord Howe out"],
)
def test_the_next_slots_are_right_across_a_change_of_clocks(
    mailer: Mailer, zone: str, at: str, start: str, due: list[str]
) -> None:
    add_newsletter(mailer)
    mailer("schedules", "add", "asia", "daily", "--at", at, "--tz", zone, "--as-of", start)

    coming = mailer("schedules", "next", "-n", "3", "--as-of", start, "--json").json

    assert [one["at"][:16] for one in coming] == due


def test_readers_in_twenty_zones_get_it_at_seven_by_their_own_clocks(mailer: Mailer) -> None:
    add_newsletter(mailer)
    mailer("tags", "add", "China", "--kind", "country")
    lines = [f"r{i}@reader.example,{zone}" for i, zone in enumerate(ZONES)]
    with open("readers.csv", "w", encoding="utf-8") as file:  # noqa: PTH123 - the test's own folder
        file.write("\n".join(["email,timezone", *lines]))
    mailer("readers", "import", "readers.csv", "--confirmed", "--consent", "asked")
    for i in range(len(ZONES)):
        mailer("follow", f"r{i}@reader.example", "asia", "china")
    start = "2026-10-23T00:00+00:00"
    mailer("schedules", "add", "asia", "daily", "--at", "07:00", "--tz", "reader", "--as-of", start)

    # Ten days that hold the changes of Europe; each zone has one slot a day, at seven.
    coming = mailer("schedules", "next", "-n", "200", "--as-of", start, "--json").json

    assert len(coming) == 200
    assert {one["local"][11:16] for one in coming} == {"07:00"}
    assert {one["tz"] for one in coming} == set(ZONES)
    assert [one["at"] for one in coming] == sorted(one["at"] for one in coming)
    begin = datetime.fromisoformat(start)
    for zone in ZONES:
        days = [one["nominal"][:10] for one in coming if one["tz"] == zone]
        first = begin.astimezone(ZoneInfo(zone))
        if first.hour >= 7:
            first += timedelta(days=1)
        expected = [(first + timedelta(days=n)).date().isoformat() for n in range(len(days))]
        assert days == expected


def test_a_tick_opens_what_is_due_and_drain_sends_it(seeded: Mailer) -> None:
    seeded_at = "2026-10-22T07:00:00+09:00"

    opened = seeded("tick", "--as-of", "2026-10-23T07:00:30+09:00", "--json").json
    again = seeded("tick", "--as-of", "2026-10-23T07:00:30+09:00", "--json").json

    assert len(opened["opened"]) >= 1
    assert again["opened"] == []
    runs = seeded("runs", "list", "--json").json
    assert {run["state"] for run in runs} <= {"planning", "skipped"}
    assert all(run["as_of"] > seeded_at[:10] for run in runs)
    seeded("drain")
    assert {run["state"] for run in seeded("runs", "list", "--json").json} <= {"done", "skipped"}


def test_a_schedule_is_listed_paused_resumed_and_removed(mailer: Mailer) -> None:
    add_newsletter(mailer)
    added = mailer(
        "schedules", "add", "asia", "weekly", "--at", "8", "--days", "sat", "--tz", "Asia/Seoul",
        "--json",
    ).json  # fmt: skip

    assert (added["at"], added["days"], added["tz"]) == ("08:00", "sat", "Asia/Seoul")
    assert "is paused" in mailer("schedules", "pause", "1").out
    assert mailer("schedules", "next", "--json").json == []
    assert mailer("schedules", "list", "--json").json[0]["paused_at"]
    assert "runs again" in mailer("schedules", "resume", "1").out
    assert len(mailer("schedules", "next", "--json").json) == 5
    assert "is removed" in mailer("schedules", "remove", "1").out
    assert mailer("schedules", "list", "--json").json == []
    assert mailer("schedules", "pause", "1").code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("daily", "--at", "7 o'clock"), "no time of day"),
        (("weekly", "--at", "7", "--days", "mon,thu"), ""),
        (("daily", "--at", "7", "--days", "someday"), "someday"),
        (("monthly", "--at", "7", "--days", "40"), "40"),
        (("daily", "--at", "7", "--max-late", "soon"), "soon"),
        (("instant", "--at", "7"), "alerts need no schedule"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    mailer: Mailer, words: tuple[str, ...], says: str
) -> None:
    add_newsletter(mailer)

    result = mailer("schedules", "add", "asia", *words)

    assert result.code == 2
    assert says in result.err
    assert mailer("schedules", "list", "--json").json == []
