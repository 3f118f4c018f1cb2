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

READERS = 400


@pytest.fixture
def mortal_redis() -> Iterator[RedisServer]:
    """A Redis of this test alone, which it may kill."""
    server = RedisServer.start()
    yield server
    server.stop()


def lose_redis(
    world: World, redis: RedisServer, processes: Processes, *, blows: int, seconds: float
) -> None:
    """Take Redis away in mid-run: all its keys, then itself; give it back and want it used."""
    each = world.readers // (2 * blows + 2)

    def until_further(what: str) -> None:
        wanted = min(world.sink.counts.total() + each, world.readers)
        wait_until(
            lambda: world.sink.counts.total() >= wanted, seconds=seconds, what=what, every=0.01
        )

    processes.start(*compose_command("worker"), "--concurrency", "1")
    processes.start(*compose_command("beat"))
    until_further("the first mails")
    for _ in range(blows):
        redis.empty()
        until_further("mails after FLUSHALL")
        redis.kill()
        until_further("mails without Redis")
        redis.revive()
    world.until_settled(seconds=seconds)
    # The bell is heard again: what rings is taken off its queue by a worker.
    with Redis.from_url(redis.url) as client:
        wait_until(
            lambda: client.info("commandstats").get("cmdstat_brpop", {}).get("calls", 0) > 0,
            seconds=seconds,
            what="a worker to listen to Redis again",
        )
        processes.run("send", "asia", "daily")
        wait_until(
            lambda: not any(client.llen(f"mailer:{name}") for name in ("planning", "digests")),
            seconds=seconds,
            what="a worker to answer the bell",
        )


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
        pytest.param(20_000, 20, id="soak", marks=pytest.mark.soak),
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
        lose_redis(world, mortal_redis, processes, blows=blows, seconds=120)
        world.require_once()
        assert set(world.sink.counts.values()) == {1}
    except BaseException:
        print(processes.logs())  # noqa: T201 - what a failing test needs to be understood
        raise
    finally:
        processes.end()
    measured.figures |= {"mails": readers, "FLUSHALL": blows, "kill -9 of Redis": blows}
    measured.figures |= world.figures()
