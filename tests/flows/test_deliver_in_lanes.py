"""Lanes: several threads deliver, and the ledger cannot tell."""

from threading import Barrier

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.delivery.memory import MemoryBackend
from mailer.flows.check_ledger import check_ledger
from mailer.flows.deliver_in_lanes import deliver_in_lanes
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.ports import Accepted, Message, Misconfigured, Outcome
from tests.flows.conftest import NOON, Newsroom

_READERS = 150  # More than two lanes claim at once.


@pytest.fixture
def run_id(newsroom: Newsroom) -> int:
    for number in range(_READERS):
        newsroom.read_by(f"r{number}@reader.example")
        newsroom.follow(f"r{number}@reader.example", "china")
    newsroom.publish("one", "China")
    opened = open_run(newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(newsroom.desk, opened, now=NOON)
    return opened


class _Meeting:
    """Answers once two lanes are here at the same time, each with its first message."""

    def __init__(self) -> None:
        self._barrier = Barrier(2)
        self.met = False

    def __call__(self, message: Message) -> Outcome:
        if not self.met:
            self._barrier.wait(timeout=30)
            self.met = True
        return Accepted(250, "ok")


class _Unlocked(MemoryBackend):
    """Lets two threads answer at the same time."""

    def send(self, messages):  # type: ignore[no-untyped-def]
        for message in messages:
            self.messages.append(message)
            assert self.answers is not None
            yield self.answers(message)


def test_lanes_send_at_the_same_time_and_each_mail_once(newsroom: Newsroom, run_id: int) -> None:
    meeting = _Meeting()
    backend = _Unlocked(meeting)
    done = deliver_in_lanes(newsroom.desk, backend, clock=lambda: NOON, lanes=2, run_id=run_id)
    assert meeting.met
    assert done.counts == {DeliveryState.ACCEPTED: _READERS}
    assert len({message.recipient for message in backend.messages}) == _READERS
    assert newsroom.run(run_id).state is RunState.DONE
    assert not any(finding.count for finding in check_ledger(newsroom.database, now=NOON))


def test_a_fault_of_ours_ends_every_lane(newsroom: Newsroom, run_id: int) -> None:
    backend = MemoryBackend(lambda _: Misconfigured(535, "5.7.8 bad password"))
    done = deliver_in_lanes(newsroom.desk, backend, clock=lambda: NOON, lanes=2, run_id=run_id)
    assert done.halted == "5.7.8 bad password"
    assert newsroom.run(run_id).state is RunState.PAUSED
    assert {row.state for row in newsroom.deliveries()} == {DeliveryState.QUEUED}


class _Interrupted(BaseException):
    pass


def test_an_interrupted_lane_ends_the_others_and_gives_back_the_rest(
    newsroom: Newsroom, run_id: int
) -> None:
    def interrupt(message: Message) -> Outcome:
        raise _Interrupted

    with pytest.raises(_Interrupted):
        deliver_in_lanes(
            newsroom.desk, MemoryBackend(interrupt), clock=lambda: NOON, lanes=2, run_id=run_id
        )
    states = [row.state for row in newsroom.deliveries()]
    assert set(states) <= {DeliveryState.QUEUED, DeliveryState.IN_DOUBT}
    assert 1 <= states.count(DeliveryState.IN_DOUBT) <= 2 * 16
