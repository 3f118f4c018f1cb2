"""I2 when a mail ends unsent: its stories come with the next issue, once."""

from dataclasses import replace

import pytest

from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.recover import recover
from mailer.flows.start_following import start_following
from mailer.flows.steer_run import Steer, steer_run
from mailer.store.readers import change_address, change_reader, find_reader
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

MINA = "mina@reader.example"


def planned(newsroom: Newsroom) -> int:
    """A story planned for Mina and not sent; another one behind it."""
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    run_id = open_run(newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(newsroom.desk, run_id, now=NOON)
    newsroom.publish("two", "China", at=NOON + MINUTE)
    return run_id


def test_what_outlived_its_time_comes_with_the_next_issue(newsroom: Newsroom) -> None:
    planned(newsroom)
    newsroom.deliver(NOON + 2 * DAY)

    newsroom.send(as_of=NOON + 2 * DAY)
    newsroom.send(as_of=NOON + 3 * DAY)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]


def test_what_outlived_its_time_in_a_paused_run_comes_with_the_next_issue(
    newsroom: Newsroom,
) -> None:
    desk = newsroom.desk
    run_id = planned(newsroom)
    steer_run(
        newsroom.database,
        run_id,
        Steer.PAUSE,
        now=NOON,
        signer=desk.signer,
        throttle=desk.throttle,
        reason="a relay is away",
    )
    newsroom.send(as_of=NOON + DAY)
    recover(newsroom.database, now=NOON + 2 * DAY)

    newsroom.send(as_of=NOON + 2 * DAY)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]


@pytest.mark.parametrize("change", ["paused", "address changed"])
def test_what_was_withheld_from_who_still_wants_it_comes_again(
    newsroom: Newsroom, change: str
) -> None:
    planned(newsroom)
    new = read_address("mina@other.example")
    with newsroom.database.write() as connection:
        reader = find_reader(connection, read_address(MINA))
        if change == "paused":
            change_reader(connection, replace(reader, paused_until_at=NOON + DAY / 2), NOON)
        else:
            change_address(connection, reader.id, new)
    newsroom.deliver(NOON)
    [row] = newsroom.deliveries()
    assert (row.state, row.state_reason) == (DeliveryState.WITHHELD, change)

    newsroom.send(as_of=NOON + DAY)

    assert [uid for _, uid in newsroom.given()] == ["one", "two"]


def test_what_came_by_another_follow_meanwhile_does_not_come_again(newsroom: Newsroom) -> None:
    planned(newsroom)
    newsroom.deliver(NOON + 2 * DAY)
    start_following(
        newsroom.database,
        MINA,
        "asia",
        "asia",
        Cadence.INSTANT,
        now=NOON + 2 * DAY,
        source="test",
        cursor_at=NOON - DAY,
    )
    newsroom.send("instant", as_of=NOON + 2 * DAY)

    newsroom.send(as_of=NOON + 3 * DAY)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]
