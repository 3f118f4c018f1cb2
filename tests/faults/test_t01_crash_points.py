"""T1: a worker is killed at each point of the state machine, before and after the commit."""

from typing import Any

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.hooks import Fault
from tests.faults.world import World

LEASE_SECONDS = 61
# Where a crash leaves a window that the server may have: no record can tell.
_IN_DOUBT = {
    ("mark", "after"),
    ("send", "before"),
    ("send", "middle"),
    ("send", "after"),
    ("settle", "before"),
}
POINTS = [
    ("plan", "before"),
    ("plan", "after"),
    ("claim", "before"),
    ("claim", "after"),
    ("mark", "first"),
    ("mark", "before"),
    ("mark", "after"),
    ("send", "before"),
    ("send", "middle"),
    ("send", "after"),
    ("settle", "before"),
    ("settle", "after"),
    ("reap", "before"),
    ("reap", "after"),
]


def crash(world: World, point: str, when: str, mutation: str = "") -> None:
    """Kill a worker at a point, let its lease end, and let another do the rest."""
    in_doubt = world.window if (point, when) in _IN_DOUBT else 0
    if point == "reap":
        # There must be something to take back.
        assert world.run("drain", fault=Fault("mark", "after"), mutation=mutation) == -9
        world.turn_clock(LEASE_SECONDS)
        in_doubt = world.window
    nth = 2 if point in ("mark", "send", "settle") else 1
    assert world.run("drain", fault=Fault(point, when, nth=nth), mutation=mutation) == -9, (
        f"nobody came to the point {when} {point}: {world.logs()}"
    )
    world.turn_clock(LEASE_SECONDS)
    assert world.run("drain", mutation=mutation) == 0, world.logs()
    world.require_once(most_doubtful=in_doubt)


SMALL = 9  # Three windows, all of text: an edition takes longer than all the rest.


def _cases() -> list[Any]:
    """Each point on one kind of database, in turn; `make soak` has all on both."""
    cases = []
    for number, (point, when) in enumerate(POINTS):
        for kind in ("sqlite", "postgresql"):
            shown = kind == ("sqlite", "postgresql")[number % 2]
            marks = () if shown else (pytest.mark.soak,)
            name = f"{when} {point}-{kind}"
            cases.append(pytest.param(kind, point, when, marks=marks, id=name))
    return cases


@pytest.mark.parametrize(("database_url", "point", "when"), _cases(), indirect=["database_url"])
def test_a_worker_killed_anywhere_loses_nothing_and_sends_nothing_twice(
    make_world: MakeWorld, database_url: str, point: str, when: str
) -> None:
    crash(make_world(database_url, SMALL), point, when)


def test_with_resend_a_crash_after_the_body_costs_one_copy_with_the_same_bytes(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(postgres_url, SMALL, MAILER_IN_DOUBT="resend")
    assert world.run("drain", fault=Fault("send", "after")) == -9
    first = {mail.recipients[0]: mail.content for mail in world.sink.mails}
    assert len(first) == world.window
    world.turn_clock(LEASE_SECONDS)
    world.run("drain")
    world.turn_clock(LEASE_SECONDS * 5)
    world.run("drain")

    world.require_once(most_twice=world.window)
    twice = {email for email, count in world.sink.counts.items() if count == 2}
    assert twice == set(first)
    for mail in world.sink.mails:
        assert mail.content == first.get(mail.recipients[0], mail.content)
