"""T2: workers are killed at random moments, again and again, while they send."""

import random

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.report import KILLS, MAILS, Measured
from tests.faults.world import World
from tests.journeys.processes import wait_until

LEASE_SECONDS = 61


def kill_at_random(world: World, kills: int, seed: int) -> int:
    """Kill one of two workers, whenever so many more mails have arrived; return the kills."""
    chance = random.Random(seed)
    step = max(world.readers // (kills + 1), 1)
    workers = [world.start("drain", "--forever") for _ in range(2)]
    done = 0
    while done < kills:
        wanted = world.sink.counts.total() + chance.randint(1, step)
        wait_until(
            lambda wanted=wanted: (  # type: ignore[misc]  # mypy cannot infer a lambda's default
                world.sink.counts.total() >= wanted or not world.open_count()
            ),
            seconds=120,
            what=f"mail number {wanted} (seed {seed})",
            every=0.002,
        )
        if not world.open_count():
            break
        victim = workers.pop(chance.randrange(2))
        world.kill(victim)
        done += 1
        # What it held comes free: its lease ends.
        world.turn_clock(LEASE_SECONDS)
        workers.append(world.start("drain", "--forever"))
    world.turn_clock(LEASE_SECONDS)
    world.until_settled(seconds=300)
    for worker in workers:
        assert world.stop_softly(worker) == 0
    return done


@pytest.mark.parametrize(
    ("database_url", "readers", "kills"),
    [
        pytest.param("postgresql", 120, 4, id="postgresql"),
        pytest.param("sqlite", 120, 3, id="sqlite"),
        pytest.param("postgresql", MAILS, KILLS, id="soak-postgresql", marks=pytest.mark.soak),
        pytest.param(
            "sqlite", MAILS // 10, KILLS * 3 // 10, id="soak-sqlite", marks=pytest.mark.soak
        ),
    ],
    indirect=["database_url"],
)
@pytest.mark.timeout(12 * 3600)
def test_nothing_is_lost_and_nothing_doubled(
    make_world: MakeWorld, database_url: str, readers: int, kills: int, measured: Measured
) -> None:
    world = make_world(database_url, readers, keep=False)
    seed = random.randrange(10**6)
    done = kill_at_random(world, kills, seed)

    assert done >= kills * 3 // 4, f"only {done} kills: too quick (seed {seed})"
    # Each worker has one connection: a kill leaves at most one window in doubt.
    world.require_once(most_doubtful=done * world.window)
    measured.figures |= {"mails": readers, "kills": done, "window": world.window, "seed": seed}
    measured.figures |= world.figures()
