"""Delivery under a throttle: rates kept, slow domains wait alone, dead relays left alone."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.throttles import Limits
from mailer.delivery.memory import MemoryBackend
from mailer.delivery.throttle import MemoryThrottle
from mailer.flows.check_ledger import check_ledger
from mailer.flows.deliver_run import Delivered, deliver_run
from mailer.flows.list_domains import list_domains
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.ports import Accepted, Deferred, InDoubt, Message, Misconfigured, Outcome
from tests.flows.conftest import NOON, Newsroom

S = DeliveryState
_AWAY = Deferred(0, "connection refused", counts=False)
_SLOW = Deferred(450, "4.7.0 unusual rate of mail")
_YES = Accepted(250, "2.0.0 queued")


class Clock:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        self.now = NOON
        self.slept = 0.0

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)


class Post:
    """A run that is planned, and a relay that answers as the test says."""

    def __init__(self, newsroom: Newsroom, limits: Limits, domains: dict[str, int]) -> None:
        newsroom.desk = replace(newsroom.desk, throttle=MemoryThrottle(limits))
        newsroom.publish("one", "China")
        for domain, count in domains.items():
            for number in range(count):
                newsroom.read_by(f"reader{number}@{domain}")
                newsroom.follow(f"reader{number}@{domain}", "china")
        self.newsroom = newsroom
        self.clock = Clock()
        self.answers: dict[str, Outcome] = {}
        self.backend = MemoryBackend(self._answer)
        self.run_id = open_run(
            newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON
        ).run_id
        plan_run(newsroom.desk, self.run_id, now=NOON)

    def _answer(self, message: Message) -> Outcome:
        return self.answers.get(message.recipient.rpartition("@")[2], _YES)

    def deliver(self, seconds: float = 0.0) -> Delivered:
        self.clock.now += timedelta(seconds=seconds)
        return deliver_run(
            self.newsroom.desk, self.backend, clock=self.clock, sleep=self.clock.sleep
        )

    def states(self) -> dict[str, Counter[DeliveryState]]:
        found: dict[str, Counter[DeliveryState]] = {}
        for row in self.newsroom.deliveries():
            found.setdefault(row.email.rpartition("@")[2], Counter())[row.state] += 1
        return found

    def offered(self) -> Counter[str]:
        return Counter(one.recipient.rpartition("@")[2] for one in self.backend.offered)

    def sound(self) -> bool:
        checked = check_ledger(self.newsroom.database, now=self.clock.now)
        return not any(each.count for each in checked)


def test_the_rate_is_kept_and_everything_leaves(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(rate=4), {"a.test": 21})
    post.deliver()
    assert post.states() == {"a.test": {S.ACCEPTED: 21}}
    # Four at once, and seventeen at four a second.
    assert 4.2 < post.clock.slept < 4.4
    assert post.sound()


def test_a_domain_that_defers_waits_without_attempts_and_others_go_on(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(), {"slow.test": 40, "good.test": 20})
    post.answers["slow.test"] = _SLOW
    post.deliver()
    assert post.states()["good.test"] == {S.ACCEPTED: 20}
    # A window that was on its way when the twentieth deferral came is judged to its end.
    assert 20 <= post.offered()["slow.test"] < 40
    attempts = Counter(row.attempt_count for row in newsroom.deliveries(S.QUEUED))
    assert attempts == {1: post.offered()["slow.test"], 0: 40 - post.offered()["slow.test"]}
    waiting = [row for row in newsroom.deliveries(S.QUEUED) if row.attempt_count == 0]
    assert {row.state_reason for row in waiting} == {"its domain has asked us to slow down"}
    assert all(row.not_before_at >= NOON + timedelta(seconds=30) for row in waiting)
    assert post.sound()

    post.answers.clear()
    for _ in range(60):
        post.deliver(seconds=15)
    assert post.states()["slow.test"] == {S.ACCEPTED: 40}
    (state,) = newsroom.desk.throttle.domain_states(now=post.clock.now)
    assert state.resting_seconds == state.rest_count == 0
    assert state.limit > 5
    assert post.sound()


def test_operators_see_who_waits_and_why(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(), {"slow.test": 24, "good.test": 2, "full.test": 1})
    post.answers["slow.test"] = _SLOW
    post.answers["full.test"] = Deferred(452, "4.2.2 mailbox full")
    post.deliver()
    slow, full = list_domains(newsroom.desk, now=NOON)
    assert (slow.domain, slow.state, slow.waiting_count) == ("slow.test", "resting", 24)
    assert slow.resting_until_at == NOON + timedelta(seconds=30)
    assert slow.next_at is not None
    assert slow.next_at >= NOON + timedelta(seconds=30)
    assert slow.reply == "4.7.0 unusual rate of mail"
    assert (full.domain, full.state, full.limit) == ("full.test", "waiting", None)
    assert list_domains(newsroom.desk, now=NOON + timedelta(days=1))[1:] == []


def test_a_relay_that_is_away_is_tried_by_one_window_and_then_left_alone(
    newsroom: Newsroom,
) -> None:
    post = Post(newsroom, Limits(), {"a.test": 40})
    post.answers["a.test"] = _AWAY
    done = post.deliver()
    assert done.closed_seconds == 30
    assert post.offered()["a.test"] == 16
    assert post.deliver(seconds=10).closed_seconds == 20
    assert post.offered()["a.test"] == 16

    assert post.deliver(seconds=20).closed_seconds == 60
    assert post.offered()["a.test"] == 17
    post.answers.clear()
    assert post.deliver(seconds=60).closed_seconds == 0
    post.deliver(seconds=60)
    assert post.states() == {"a.test": {S.ACCEPTED: 40}}
    assert {row.attempt_count for row in newsroom.deliveries()} == {1}
    assert post.sound()


def test_answers_that_are_lost_leave_one_window_in_doubt_not_a_run(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(), {"a.test": 40})
    lost = InDoubt("the connection was lost")
    # As the SMTP backend does: two in a row end its trying.
    post.backend.answers = lambda message: lost if len(post.backend.offered) <= 2 else _AWAY
    assert post.deliver().closed_seconds == 30
    assert post.states() == {"a.test": {S.IN_DOUBT: 2, S.QUEUED: 38}}


def test_one_answer_lost_closes_nothing(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(), {"a.test": 1})
    post.answers["a.test"] = InDoubt("the connection was lost")
    assert post.deliver().closed_seconds == 0


@pytest.mark.parametrize("other", [_YES, _SLOW], ids=["accepted", "deferred"])
def test_a_relay_that_judged_one_message_of_a_window_works(
    newsroom: Newsroom, other: Outcome
) -> None:
    post = Post(newsroom, Limits(), {"a.test": 8, "b.test": 1})
    post.answers = {"a.test": _AWAY, "b.test": other}
    assert post.deliver().closed_seconds == 0


def test_a_fault_of_ours_pauses_the_run_and_closes_no_relay(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(), {"a.test": 4})
    post.answers["a.test"] = Misconfigured(535, "5.7.8 bad password")
    done = post.deliver()
    assert done.halted
    assert done.closed_seconds == 0
    assert newsroom.desk.throttle.relay_states(now=NOON) == []


def test_a_mail_whose_end_comes_first_does_not_wait_beyond_it(newsroom: Newsroom) -> None:
    post = Post(newsroom, Limits(domain_rates=(("a.test", 0.0001),)), {"a.test": 30})
    post.deliver()
    rows = newsroom.deliveries(S.QUEUED)
    assert len(rows) == 29
    assert all(row.not_before_at <= row.expires_at for row in rows)
    assert post.sound()
