"""T12: at full rate, one mail in a hundred deferred, memory stays and no mail is left lying."""

import statistics
import time
from datetime import timedelta

import psutil
import pytest

from mailer.store.health import oldest_due_at
from tests.faults.conftest import MakeWorld
from tests.faults.report import MINUTES, Measured, Series
from tests.faults.world import World
from tests.journeys.processes import wait_until

_LATER = "451 4.2.1 come back later"
_MOST_MB = 8.0


def resident_mb(pid: int) -> float:
    """What a process keeps in memory of its own, in MB: what it shares with its parent is not."""
    return float(psutil.Process(pid).memory_full_info().uss) / 2**20


def defer_one_in_a_hundred(world: World) -> list[str]:
    """Let the server defer these readers' mails until it is told otherwise."""
    slow = [f"reader{number}@reader.example" for number in range(100, world.readers + 1, 100)]
    world.sink.answers.update(dict.fromkeys(slow, _LATER))
    return slow


def keep_sending(world: World, runs: int, mutation: str = "") -> float:
    """Send so many runs, defer a few of each, and return by how many MB the worker grew."""
    slow = defer_one_in_a_hundred(world)
    worker = world.start("drain", "--forever", mutation=mutation)
    sizes = []
    for number in range(1, runs + 1):
        wanted = number * (world.readers - len(slow))
        wait_until(
            lambda wanted=wanted: world.sink.counts.total() >= wanted,  # type: ignore[misc]
            seconds=120,
            what=f"the mails of run {number}",
            every=0.02,
        )
        sizes.append(resident_mb(worker))
        if number < runs:
            world.publish(number)
    world.sink.answers.clear()
    world.turn_clock(timedelta(minutes=7).total_seconds())
    world.until_settled(seconds=120)
    assert world.stop_softly(worker) == 0
    assert set(world.sink.counts.values()) == {runs}
    world.require_whole_ledger()
    # The first runs fill caches: templates, statements, tags.
    grown = sizes[-1] - sizes[1]
    assert grown < _MOST_MB, f"the worker grew by {grown:.1f} MB: {sizes}"
    return grown


def test_a_worker_does_not_grow_and_deferred_mail_arrives_once(
    make_world: MakeWorld, postgres_url: str
) -> None:
    keep_sending(make_world(postgres_url, 100, keep=False, MAILER_SMTP_WINDOW="16"), 4)


@pytest.mark.soak
@pytest.mark.parametrize("case", ["soak-full rate"])
@pytest.mark.timeout((MINUTES + 20) * 60)
def test_full_rate_for_long(
    make_world: MakeWorld, postgres_url: str, measured: Measured, case: str
) -> None:
    world = make_world(
        postgres_url, 2_000, keep=False, MAILER_SMTP_WINDOW="16", MAILER_SMTP_CONNECTIONS="2"
    )
    slow = set(defer_one_in_a_hundred(world))
    worker = world.start("drain", "--forever")
    start = time.monotonic()
    memory: list[tuple[float, float]] = []
    age: list[tuple[float, float]] = []
    rate: list[tuple[float, float]] = []
    number = sent = 0
    while (at := time.monotonic() - start) < MINUTES * 60:
        with world.database.read() as connection:
            oldest = oldest_due_at(connection, world.now())
        memory.append((at, resident_mb(worker)))
        age.append((at, (world.now() - oldest).total_seconds() if oldest else 0.0))
        total = world.sink.counts.total()
        if rate:
            rate.append((at, (total - sent) / (at - memory[-2][0])))
        else:
            rate.append((at, 0.0))
        sent = total
        # The next run is opened before the one at work is over: the worker never runs dry.
        if total >= (number + 0.5) * (world.readers - len(slow)):
            number += 1
            world.publish(number)
        if at > MINUTES * 30:
            # Deferred mail of the first half must get through while the rest is sent.
            world.sink.answers.clear()
        time.sleep(2)
    world.sink.answers.clear()
    # What is deferred to the very end would be due in some minutes.
    world.turn_clock(timedelta(minutes=20).total_seconds())
    world.until_settled(seconds=900)
    assert world.stop_softly(worker) == 0
    settled_half = [point for point in memory if point[0] > MINUTES * 30]
    slope = statistics.linear_regression(*zip(*settled_half, strict=True)).slope * 3600
    worst = statistics.quantiles([seconds for _, seconds in age], n=100)[98]
    measured.figures |= {
        "minutes": round((time.monotonic() - start) / 60, 1),
        "mails accepted": world.sink.counts.total(),
        "mails a second, median": round(statistics.median(r for _, r in rate[1:])),
        "of them deferred once or more, %": 1,
        "age of the oldest due mail, p99, s": round(worst, 1),
        "goal of 60 s": "kept" if worst < 60 else "missed",
        "memory of the worker at half time, MB": round(settled_half[0][1], 1),
        "memory of the worker at the end, MB": round(settled_half[-1][1], 1),
        "slope in the second half, MB an hour": round(slope, 1),
    }
    measured.series |= {
        "memory": Series("Memory of the worker, MB", memory),
        "age": Series("Age of the oldest due mail, seconds", age),
        "rate": Series("Mails a second", rate),
    }
    assert set(world.sink.counts.values()) == {number + 1}
    assert worst < 60
    world.require_whole_ledger()
