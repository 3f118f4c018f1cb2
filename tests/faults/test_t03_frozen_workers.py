"""T3: a worker freezes for longer than its lease, at each point, and wakes up among others."""

import time

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.hooks import Fault
from tests.faults.report import Measured
from tests.faults.test_t01_crash_points import LEASE_SECONDS, SMALL
from tests.faults.world import World

_IDLE_MS = (
    2000  # PostgreSQL ends a transaction that thinks for longer; the product's limit is 60 s.
)


def freeze(
    world: World, point: str, when: str, mutation: str = "", *, really: bool = False
) -> None:
    """Freeze a worker at a point, let another do all there is, and thaw the first."""
    nth = 1 if point in ("plan", "claim") else 2
    frozen = world.start(
        "drain",
        fault=Fault(point, when, act="stop", nth=nth),
        mutation=mutation,
        idle_ms=0 if really else _IDLE_MS,
    )
    world.until_frozen(frozen)
    if really:
        time.sleep(LEASE_SECONDS)
    else:
        world.turn_clock(LEASE_SECONDS)
    other = world.start("drain", "--forever", mutation=mutation)
    world.until_settled(seconds=60)
    world.thaw(frozen)
    world.wait(frozen)
    # What it gives back for having been away too long is due again in half a minute.
    world.turn_clock(31)
    world.until_settled()
    assert world.stop_softly(other) == 0
    # Whatever it was about to do, its answers count, or nothing of it has left.
    world.require_once()
    assert set(world.sink.counts.values()) == {1}


@pytest.mark.parametrize(
    ("database_url", "point", "when"),
    [
        pytest.param("postgresql", "claim", "after", id="it has claimed-postgresql"),
        pytest.param("postgresql", "plan", "before", id="it holds readers-postgresql"),
        pytest.param("postgresql", "claim", "before", id="it is claiming-postgresql"),
        pytest.param("sqlite", "mark", "after", id="it has marked-sqlite"),
        pytest.param("sqlite", "send", "before", id="it is about to send-sqlite"),
        pytest.param("sqlite", "send", "after", id="it has sent-sqlite"),
    ],
    indirect=["database_url"],
)
def test_a_frozen_worker_sends_nothing_twice_and_keeps_nothing_from_others(
    make_world: MakeWorld, database_url: str, point: str, when: str
) -> None:
    freeze(make_world(database_url, SMALL), point, when)


@pytest.mark.parametrize(
    ("database_url", "point", "when"),
    [
        pytest.param(kind, point, when, id=f"soak-{when} {point}-{kind}", marks=pytest.mark.soak)
        for kind, points in {
            "postgresql": ("before plan", "before claim"),
            # Frozen inside a transaction it blocks every writer of SQLite until it is thawed; and
            # PostgreSQL before 17 does not always notice when the last statement was pipelined.
            "sqlite": (),
        }.items()
        for when, point in [
            *(words.split() for words in points),
            *(("after", "claim"), ("first", "mark"), ("after", "mark"), ("before", "send")),
            *(("middle", "send"), ("after", "send")),
        ]
    ],
    indirect=["database_url"],
)
@pytest.mark.timeout(400)
def test_a_worker_that_is_frozen_for_a_real_minute(
    make_world: MakeWorld, database_url: str, point: str, when: str, measured: Measured
) -> None:
    world = make_world(database_url, SMALL)
    freeze(world, point, when, really=True)
    measured.figures |= {"mails": SMALL, "frozen for, s": LEASE_SECONDS} | world.figures()
