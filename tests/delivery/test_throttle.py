"""Throttles: the same rules in memory and shared through Redis."""

import pytest

from mailer.core.throttles import Entry, Limits, RelayState, RelayVerdict, Verdict
from mailer.delivery.throttle import MemoryThrottle
from mailer.delivery.throttle_redis import RedisThrottle
from mailer.ports import Throttle
from tests.delivery.throttled import Subject, went

_SLOW, _WELL, _SILENT = Verdict.SLOW, Verdict.WELL, Verdict.SILENT
_KINDS = ["memory", "redis"]


def _open(kind: str, limits: Limits, request: pytest.FixtureRequest) -> Throttle:
    if kind == "memory":
        return MemoryThrottle(limits)
    return RedisThrottle(request.getfixturevalue("redis_url"), limits, server_clock=False)


@pytest.fixture(params=_KINDS)
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject(_open(request.param, Limits(), request))


@pytest.fixture(params=_KINDS)
def rated(request: pytest.FixtureRequest) -> Subject:
    limits = Limits(rate=10, domain_rates=(("slow.test", 2.0),))
    return Subject(_open(request.param, limits, request))


def test_without_limits_everything_goes_at_once(subject: Subject) -> None:
    permit = subject.ask(*["a.test"] * 50, "b.test")
    assert permit.waits == (0.0,) * 51
    assert (permit.hold_seconds, permit.closed_seconds) == (0, 0)
    subject.tell(permit, ("a.test", _WELL))
    assert subject.states() == []


def test_the_rate_of_the_installation_is_kept_whoever_asks(rated: Subject) -> None:
    sent = 0
    for _ in range(100):
        for domain in ("a.test", "b.test", "c.test"):
            permit = rated.ask(*[domain] * 7)
            assert all(wait in (0, -1) for wait in permit.waits)
            sent += went(permit)
            rated.tell(permit, (domain, _WELL))
        rated.later(0.1)
    # Ten a second for 9.9 seconds, and the one second that the bucket holds at first.
    assert 108 <= sent <= 110


def test_who_must_wait_for_the_rate_is_told_how_long(rated: Subject) -> None:
    assert went(rated.ask(*["a.test"] * 30)) == 10
    permit = rated.ask("a.test")
    assert permit.waits == (-1.0,)
    assert permit.hold_seconds == pytest.approx(0.1)
    rated.later(permit.hold_seconds)
    assert went(rated.ask("a.test")) == 1


def test_a_domain_keeps_its_own_rate_and_others_go_on(rated: Subject) -> None:
    permit = rated.ask("slow.test", "slow.test", "slow.test", "a.test", "slow.test")
    assert [wait == 0 for wait in permit.waits] == [True, True, False, True, False]
    # Each that waits has its own place in the line, half a second apart.
    assert permit.waits[2] == pytest.approx(0.5)
    assert permit.waits[4] == pytest.approx(1.0)


def test_a_domain_that_defers_everything_rests_and_others_go_on(subject: Subject) -> None:
    subject.go("bad.test", *[_SLOW] * 20)
    permit = subject.ask("bad.test", "good.test", "bad.test")
    assert permit.waits[1] == 0
    assert 30 <= permit.waits[0] < permit.waits[2] < 32
    (state,) = subject.states()
    assert state.domain == "bad.test"
    assert state.resting_seconds == 30
    assert (state.limit, state.rest_count, state.reply) == (1, 1, "said SLOW")


def test_a_few_deferrals_among_acceptances_slow_nobody_down(subject: Subject) -> None:
    for _ in range(50):
        subject.go("a.test", *[_WELL] * 9, _SLOW)
    assert not any(state.resting_seconds for state in subject.states())
    assert went(subject.ask(*["a.test"] * 16)) == 16


def test_each_deferral_takes_one_nth_and_each_acceptance_gives_it_back(subject: Subject) -> None:
    subject.go("a.test", _SLOW, _SLOW)
    (state,) = subject.states()
    assert state.limit == pytest.approx(20 - 1 / 20 - 1 / 19.95)
    subject.go("a.test", _WELL, _WELL, _WELL)
    assert subject.states() == []


def test_what_is_on_its_way_counts_against_the_limit_of_a_domain(subject: Subject) -> None:
    subject.go("a.test", _SLOW)
    first = subject.ask(*["a.test"] * 12)
    second = subject.ask(*["a.test"] * 12)
    assert (went(first), went(second)) == (12, 7)
    subject.tell(first, *[("a.test", _SILENT)] * 12)
    assert went(subject.ask(*["a.test"] * 16)) == 12


def test_the_ticket_of_a_dead_worker_ends(subject: Subject) -> None:
    subject.go("a.test", _SLOW)
    assert went(subject.ask(*["a.test"] * 30)) == 19
    assert went(subject.ask("a.test")) == 0
    subject.later(61)
    assert went(subject.ask("a.test")) == 1


def test_after_a_rest_one_message_goes_first_and_a_failure_doubles_the_rest(
    subject: Subject,
) -> None:
    subject.go("a.test", *[_SLOW] * 20)
    for rest in (30, 60, 120, 240, 480, 900, 900):
        (state,) = subject.states()
        assert state.resting_seconds == rest
        subject.later(rest)
        permit = subject.ask("a.test", "a.test")
        assert went(permit) == 1
        subject.tell(permit, ("a.test", _SLOW))


def test_a_domain_that_recovers_is_forgotten(subject: Subject) -> None:
    subject.go("a.test", *[_SLOW] * 20)
    subject.go("a.test", *[_WELL] * 250)
    assert subject.states() == []
    assert went(subject.ask(*["a.test"] * 60)) == 60


def test_a_long_line_waits_no_longer_than_the_longest_rest(subject: Subject) -> None:
    subject.go("a.test", *[_SLOW] * 20)
    waits = [wait for _ in range(100) for wait in subject.ask(*["a.test"] * 64).waits]
    assert waits == sorted(waits)
    assert waits[-1] == 930


def test_a_relay_that_takes_nothing_up_is_left_alone_then_probed_by_one(subject: Subject) -> None:
    subject.fail_relay()
    assert subject.closed() == 30
    assert subject.ask("a.test", "b.test").waits == (-1.0, -1.0)
    assert subject.ask("a.test", relay="another").waits == (0.0,)
    subject.later(30)
    assert subject.closed() == 0
    probe = subject.ask("a.test", "b.test")
    assert probe.waits == (0.0, -1.0)
    # While the probe is out, nobody else tries.
    assert subject.ask("a.test").closed_seconds == 60
    subject.tell(probe, ("a.test", _WELL))
    assert subject.ask("a.test", "b.test").waits == (0.0, 0.0)
    assert subject.throttle.relay_states(now=subject.now) == []


def test_a_relay_that_fails_its_probes_is_left_alone_ever_longer(subject: Subject) -> None:
    for rest in (30, 60, 120, 240, 480, 900, 900):
        subject.fail_relay()
        (state,) = subject.throttle.relay_states(now=subject.now)
        assert state.closed_seconds == subject.closed() == rest
        subject.later(rest)


def test_many_that_meet_a_dead_relay_at_once_count_as_one(subject: Subject) -> None:
    permits = [subject.ask("a.test") for _ in range(5)]
    for permit in permits:
        subject.tell(permit, ("a.test", _SILENT), verdict=RelayVerdict.FAILED)
    assert subject.closed() == 30


def test_a_probe_that_nobody_judged_lets_another_try(subject: Subject) -> None:
    subject.fail_relay()
    subject.later(30)
    subject.tell(subject.ask("a.test"), ("a.test", _SILENT), verdict=RelayVerdict.SILENT)
    assert went(subject.ask("a.test")) == 1


def test_a_relay_that_is_entered_is_left_alone_when_it_fails_and_probed_by_one(
    subject: Subject,
) -> None:
    throttle, failed = subject.throttle, RelayVerdict.FAILED
    assert throttle.enter("mx1:25", now=subject.now) == Entry()
    throttle.judge("mx1:25", failed, "535 5.7.8 bad\r\n\x1b[2J password", now=subject.now)
    shut = throttle.enter("mx1:25", now=subject.now)
    assert (shut.closed_seconds, shut.probing) == (30, False)
    assert shut.reply == "535 5.7.8 bad [2J password"
    assert throttle.enter("mx2:25", now=subject.now) == Entry()
    subject.later(30)
    assert throttle.enter("mx1:25", now=subject.now) == Entry(0, True, shut.reply)
    # While the probe is out, nobody else tries.
    assert throttle.enter("mx1:25", now=subject.now).closed_seconds == 60
    throttle.judge("mx1:25", failed, "still", now=subject.now)
    (state,) = throttle.relay_states(now=subject.now)
    assert state == RelayState("mx1:25", 60, 2, "still")
    subject.later(60)
    assert throttle.enter("mx1:25", now=subject.now).probing
    throttle.judge("mx1:25", RelayVerdict.WORKS, "", now=subject.now)
    assert throttle.enter("mx1:25", now=subject.now) == Entry()
    assert throttle.relay_states(now=subject.now) == []


def test_who_mended_a_relay_need_not_wait_for_it(subject: Subject) -> None:
    for rest in (30, 60, 120):
        subject.throttle.judge("mx1:25", RelayVerdict.FAILED, "away", now=subject.now)
        subject.later(rest)
    subject.throttle.judge("mx1:25", RelayVerdict.FAILED, "away", now=subject.now)
    subject.throttle.reopen(now=subject.now)
    assert subject.throttle.closed_seconds("mx1:25", now=subject.now) == 0
    assert subject.throttle.enter("mx1:25", now=subject.now).probing
    # It is on probation: one more failure is not its first.
    subject.throttle.judge("mx1:25", RelayVerdict.FAILED, "away", now=subject.now)
    assert subject.throttle.closed_seconds("mx1:25", now=subject.now) == 60


def test_nobody_is_asked_about_nothing(subject: Subject) -> None:
    permit = subject.ask()
    assert permit.waits == ()
    subject.tell(permit)
