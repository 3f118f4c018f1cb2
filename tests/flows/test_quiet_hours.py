"""Quiet hours: alerts wait until a reader's own clock says they end."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.core.readers import Cadence
from mailer.errors import InputError
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.set_quiet_hours import set_quiet_hours
from tests.flows.conftest import DAY, NOON, Newsroom

MINA = "mina@reader.example"


@pytest.mark.parametrize(
    ("zone", "planned", "due"),
    [
        ("Asia/Seoul", "2026-03-10T14:00", "2026-03-10T22:00"),
        ("Asia/Seoul", "2026-03-10T04:00", "2026-03-10T04:00"),
        # The clocks go forward that night: seven comes an hour earlier.
        ("Europe/Berlin", "2026-03-28T23:30", "2026-03-29T05:00"),
        ("Europe/Berlin", "2026-10-24T23:30", "2026-10-25T06:00"),
    ],
    ids=["night", "day", "night of the change to summer", "night of the change to winter"],
)
def test_an_alert_waits_for_the_end_of_quiet_hours(
    newsroom: Newsroom, zone: str, planned: str, due: str
) -> None:
    now = datetime.fromisoformat(planned).replace(tzinfo=UTC)
    newsroom.read_by(MINA, timezone=zone)
    newsroom.follow(MINA, "china", "instant", at=now - DAY)
    set_quiet_hours(newsroom.database, MINA, "22:00-07:00", now=now)
    newsroom.publish("one", "China", at=now - timedelta(hours=1))
    run = open_run(newsroom.database, "asia", Cadence.INSTANT, as_of=now, now=now)
    plan_run(newsroom.desk, run.run_id, now=now)

    [row] = newsroom.deliveries()
    assert row.not_before_at == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert row.expires_at - row.not_before_at == 4 * DAY
    if row.not_before_at > now:
        newsroom.deliver(row.not_before_at - timedelta(seconds=1))
        assert newsroom.given() == []
    newsroom.deliver(row.not_before_at)
    assert newsroom.given() == [(MINA, "one")]


def test_a_digest_is_not_held_back(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    set_quiet_hours(newsroom.database, MINA, "10:00-14:00", now=NOON)
    newsroom.publish("one", "China")

    newsroom.send()

    assert newsroom.given() == [(MINA, "one")]


def test_quiet_hours_are_taken_back_and_refused_when_they_make_no_sense(
    newsroom: Newsroom,
) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "instant", at=NOON - DAY)
    set_quiet_hours(newsroom.database, MINA, "10:00-14:00", now=NOON)
    set_quiet_hours(newsroom.database, MINA, "off", now=NOON)
    newsroom.publish("one", "China")
    newsroom.send("instant")

    assert newsroom.given() == [(MINA, "one")]
    for wrong in ("always", "22:00", "07:00-07:00", "25:00-07:00"):
        with pytest.raises(InputError):
            set_quiet_hours(newsroom.database, MINA, wrong, now=NOON)
