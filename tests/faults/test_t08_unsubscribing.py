"""T8: readers unsubscribe while their mail is on its way out."""

import random

import pytest
from sqlalchemy import select

from mailer.flows.leave_mails import Step, leave_mails
from mailer.store.ledger_tables import deliveries, delivery_events
from mailer.store.tables import subscriptions
from tests.faults.conftest import MakeWorld
from tests.faults.hooks import Fault
from tests.faults.report import MAILS, Measured
from tests.faults.test_t01_crash_points import SMALL
from tests.faults.world import World
from tests.journeys.processes import wait_until


def leave(world: World, number: int) -> None:
    """The reader of this number unsubscribes, as by one click."""
    leave_mails(world.database, number, Step.EVERYTHING, now=world.now(), source="one-click")


def leave_before_the_mark(world: World, mutation: str = "") -> None:
    """Unsubscribe readers whose mails a worker has in its hands, built and ready."""
    worker = world.start("drain", fault=Fault("mark", "first", act="stop"), mutation=mutation)
    world.until_frozen(worker)
    gone = {1, 3, SMALL}
    for number in gone:
        leave(world, number)
    world.thaw(worker)
    assert world.wait(worker) == 0, world.logs()
    states = world.states()
    for number in range(1, SMALL + 1):
        email = f"reader{number}@reader.example"
        assert world.sink.counts[email] == (0 if number in gone else 1), email
        assert states[email].value == ("withheld" if number in gone else "accepted"), email
    world.require_whole_ledger()


def test_who_leaves_before_the_mark_gets_no_mail(make_world: MakeWorld, database_url: str) -> None:
    leave_before_the_mark(make_world(database_url, SMALL))


@pytest.mark.parametrize(
    ("readers", "leavers"),
    [
        pytest.param(120, 20, id="some"),
        pytest.param(MAILS // 10, MAILS // 100, id="soak", marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(3 * 3600)
def test_nothing_is_marked_after_an_unsubscribe(
    make_world: MakeWorld, postgres_url: str, readers: int, leavers: int, measured: Measured
) -> None:
    world = make_world(postgres_url, readers, keep=False)
    workers = [world.start("drain", "--forever") for _ in range(2)]
    chance = random.Random(readers)
    numbers = chance.sample(range(1, readers + 1), leavers)
    for count, number in enumerate(numbers):
        wait_for_mail(world, readers * count // leavers - count)
        leave(world, number)
    world.until_settled(seconds=3600)
    for worker in workers:
        assert world.stop_softly(worker) == 0
    ended, late = marked_and_ended(world)
    assert late == [], "marked after the unsubscribe was committed"
    assert ended == leavers
    states = world.states()
    withheld = sum(state.value == "withheld" for state in states.values())
    assert withheld > 0, "all left too early or too late: nothing was tried"
    # Who left before the plan has no row.
    assert world.sink.counts.total() == len(states) - withheld >= readers - leavers
    world.require_whole_ledger()
    measured.figures |= {
        "mails": readers,
        "unsubscribed meanwhile": leavers,
        "of them withheld": withheld,
        "marked after the commit": len(late),
    }


def wait_for_mail(world: World, wanted: int) -> None:
    """Wait until so many mails have arrived, or no more will."""
    wait_until(
        lambda: world.sink.counts.total() >= wanted or not world.open_count(),
        seconds=600,
        what=f"mail number {wanted}",
        every=0.002,
    )


def marked_and_ended(world: World) -> tuple[int, list[str]]:
    """How many left, and whose mail was marked after that moment."""
    with world.database.read() as connection:
        ended = connection.execute(
            select(subscriptions.c.id).where(subscriptions.c.ended_at.is_not(None))
        ).all()
        late = connection.scalars(
            select(deliveries.c.email)
            .join(delivery_events, delivery_events.c.delivery_id == deliveries.c.id)
            .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
            .where(
                delivery_events.c.event == "marked",
                delivery_events.c.at > subscriptions.c.ended_at,
            )
        ).all()
    return len(ended), list(late)
