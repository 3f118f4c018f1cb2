"""T4: Redis forgets, dies, stays away and comes back, while real Celery workers send."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.deployment import CHECKOUT, compose_command
from tests.faults.conftest import MakeWorld
from tests.faults.hooks import VARIABLE
from tests.faults.report import Measured
from tests.faults.world import World
from tests.journeys.processes import Processes, wait_until
from tests.servers.redis import RedisServer
from workers.app import make_app
from workers.bell import CeleryBell
from workers.queues import QUEUES

READERS = 200


@pytest.fixture
def mortal_redis() -> Iterator[RedisServer]:
    """A Redis of this test alone, which it may kill."""
    server = RedisServer.start()
    yield server
    server.stop()


def lose_redis(
    world: World, redis: RedisServer, processes: Processes, *, blows: int, patience: float = 120
) -> None:
    """Take Redis away in mid-run: all its keys, then itself; give it back and want it used.

    While it is away a run is opened, too, of which nobody can ring.
    """

    def until_sent(wanted: int, what: str, seconds: float = 120) -> None:
        wait_until(
            lambda: world.sink.counts.total() >= wanted, seconds=seconds, what=what, every=0.01
        )

    bell = CeleryBell(make_app(redis.url))
    bell.ring_plan(world.run_of_today().id)
    processes.start(*compose_command("worker"), "--concurrency", "1")
    processes.start(*compose_command("beat"))
    for blow in range(1, blows + 1):
        before = (blow - 1) * world.readers
        until_sent(before + world.readers // 4, "the first mails")
        redis.empty()
        until_sent(before + world.readers // 2, "mails after FLUSHALL")
        redis.kill()
        until_sent(before + world.readers, "the rest of a run without Redis")
        run_id = world.publish(blow)
        until_sent(before + world.readers + 1, "a new run without Redis", patience)
        redis.revive()
    bell.ring_deliver(run_id)
    until_sent((blows + 1) * world.readers, "the last run")
    world.until_settled()
    # The bell is heard again: what rings is taken off its queue by a worker.
    with Redis.from_url(redis.url) as client:
        wait_until(
            lambda: not any(client.llen(f"mailer:{queue.name}") for queue in QUEUES),
            seconds=60,
            what="a worker to take what has rung off its queue",
        )
        assert client.info("commandstats")["cmdstat_brpop"]["calls"] > 0, "nobody listens"


def processes_of(world: World, redis: RedisServer, folder: Path, mutation: str = "") -> Processes:
    """Real `mailer` processes of a world, all of them with the mutation."""
    faults = f'{{"mutation": "{mutation}"}}'
    return Processes(
        world.environment
        | {"MAILER_BROKER_URL": redis.url, VARIABLE: faults, "PYTHONPATH": str(CHECKOUT)},
        folder,
        module="tests.faults.worker" if mutation else "mailer",
    )


@pytest.mark.parametrize(
    ("readers", "blows"),
    [
        pytest.param(READERS, 1, id="once"),
        pytest.param(2_000, 20, id="soak", marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(3600)
def test_every_mail_goes_once_though_redis_dies_and_comes_back(
    make_world: MakeWorld,
    mortal_redis: RedisServer,
    postgres_url: str,
    tmp_path: Path,
    readers: int,
    blows: int,
    measured: Measured,
) -> None:
    world = make_world(postgres_url, readers, keep=False)
    processes = processes_of(world, mortal_redis, tmp_path)
    try:
        lose_redis(world, mortal_redis, processes, blows=blows)
        assert set(world.sink.counts.values()) == {blows + 1}
        assert world.sink.counts.keys() == world.everybody()
        world.require_whole_ledger()
    except BaseException:
        print(processes.logs())  # noqa: T201 - what a failing test needs to be understood
        raise
    finally:
        processes.end()
    measured.figures |= {
        "mails": world.sink.counts.total(),
        "FLUSHALL": blows,
        "kill -9 of Redis": blows,
        "runs opened while it was away": blows,
        "lost, or twice": 0,
    }
