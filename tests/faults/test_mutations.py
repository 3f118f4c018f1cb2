"""Every promise is broken once on purpose, and the test that guards it goes red."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.mutations import MUTATIONS
from tests.faults.test_t01_crash_points import SMALL, crash
from tests.faults.test_t03_frozen_workers import freeze
from tests.faults.test_t04_redis import lose_redis, processes_of
from tests.faults.test_t06_chaos_server import meet_all
from tests.faults.test_t08_unsubscribing import leave_before_the_mark
from tests.faults.test_t09_schedulers import around_the_changes
from tests.faults.test_t12_load import keep_sending
from tests.faults.world import World
from tests.servers.redis import RedisServer

# What breaks, and who must notice.
GUARDS: dict[str, Callable[[World], object]] = {
    "no fence": lambda world: freeze(world, "claim", "after", "no fence"),
    "accepted before it is sent": lambda world: crash(
        world, "mark", "after", "accepted before it is sent"
    ),
    "nobody reaps": lambda world: crash(world, "claim", "after", "nobody reaps"),
    "doubts are resent": lambda world: crash(world, "send", "after", "doubts are resent"),
    "consent is asked once": lambda world: leave_before_the_mark(world, "consent is asked once"),
    "doubt is taken for acceptance": lambda world: meet_all(
        world, [("DOT", "drop")], "doubt is taken for acceptance"
    ),
    "each tick names its own slots": lambda world: around_the_changes(
        world, "each tick names its own slots"
    ),
    "mail is remembered": lambda world: keep_sending(world, 3, "mail is remembered"),
}
_READERS = {"mail is remembered": 200}
_ELSEWHERE = {"only the bell is heard"}


def test_every_mutation_has_a_guard() -> None:
    assert set(GUARDS) | _ELSEWHERE == set(MUTATIONS)


@pytest.mark.parametrize("mutation", GUARDS)
def test_a_broken_promise_is_noticed(
    mutation: str, make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(postgres_url, _READERS.get(mutation, SMALL))
    with pytest.raises(AssertionError) as noticed:
        GUARDS[mutation](world)
    assert "in vain" not in str(noticed.value) or mutation == "nobody reaps"
    assert "Traceback" not in world.logs(), "the mutation broke the worker, not the promise"


def test_workers_that_only_hear_the_bell_are_noticed_when_redis_dies(
    make_world: MakeWorld, postgres_url: str, tmp_path: Path
) -> None:
    redis = RedisServer.start()
    world = make_world(postgres_url, 40, keep=False)
    processes = processes_of(world, redis, tmp_path, "only the bell is heard")
    try:
        with pytest.raises(AssertionError, match="in vain for: a new run without Redis"):
            lose_redis(world, redis, processes, blows=1, patience=14)
    finally:
        processes.end()
        redis.stop()
