"""The shared throttle: the same as in memory on any history, and no Redis is no standstill."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.core.throttles import Limits, Permit, RelayVerdict, Verdict
from mailer.delivery.throttle import MemoryThrottle
from mailer.delivery.throttle_redis import RedisThrottle
from tests.delivery.throttled import START, Subject, went
from tests.servers.redis import RedisServer

_SLOW, _WELL = Verdict.SLOW, Verdict.WELL
_DOMAINS = st.sampled_from(["a.test", "b.test", "slow.test"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.lists(_DOMAINS, min_size=1, max_size=12)),
        st.tuples(
            st.just("tell"), st.sampled_from(list(Verdict)), st.sampled_from(list(RelayVerdict))
        ),
        st.tuples(st.just("enter"), st.sampled_from(["relay", "other"])),
        st.tuples(
            st.just("judge"),
            st.sampled_from(["relay", "other"]),
            st.sampled_from(list(RelayVerdict)),
        ),
        st.tuples(st.just("reopen")),
        st.tuples(st.just("later"), st.sampled_from([0.0, 0.01, 0.5, 7.0, 30.0, 61.0, 900.0])),
    ),
    max_size=60,
)


@pytest.fixture(scope="module")
def shared_server(redis_server: RedisServer) -> RedisServer:
    return redis_server


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, rate=st.sampled_from([0.0, 0.5, 3.0, 10.0]), top=st.sampled_from([1, 3, 20]))
def test_the_script_and_the_memory_agree_on_every_history(
    shared_server: RedisServer, steps: Sequence[tuple[object, ...]], rate: float, top: int
) -> None:
    shared_server.empty()
    limits = Limits(rate=rate, domain_rates=(("slow.test", 2.0),), concurrency=top)
    ours = Subject(MemoryThrottle(limits))
    theirs = Subject(RedisThrottle(shared_server.url, limits, server_clock=False))
    out: list[tuple[Sequence[str], Permit, Permit]] = []
    for verb, *words in steps:
        if verb == "ask":
            (domains,) = words
            assert isinstance(domains, list)
            one, other = ours.ask(*domains), theirs.ask(*domains)
            assert replace(one, ticket="") == replace(other, ticket="")
            went = [name for name, wait in zip(domains, one.waits, strict=True) if wait == 0]
            out.append((went, one, other))
        elif verb == "tell" and out:
            verdict, relay = words
            assert isinstance(verdict, Verdict)
            assert isinstance(relay, RelayVerdict)
            names, one, other = out.pop(0)
            said = [(name, verdict) for name in names]
            ours.tell(one, *said, verdict=relay)
            theirs.tell(other, *said, verdict=relay)
        elif verb == "later":
            (seconds,) = words
            assert isinstance(seconds, float)
            ours.later(seconds)
            theirs.later(seconds)
        now = ours.now
        if verb == "enter":
            (relay,) = words
            assert isinstance(relay, str)
            assert ours.throttle.enter(relay, now=now) == theirs.throttle.enter(relay, now=now)
        elif verb == "judge":
            relay, verdict = words
            assert isinstance(relay, str)
            assert isinstance(verdict, RelayVerdict)
            for each in (ours, theirs):
                each.throttle.judge(relay, verdict, verdict.name, now=now)
        elif verb == "reopen":
            ours.throttle.reopen(now=now)
            theirs.throttle.reopen(now=now)
        assert ours.throttle.domain_states(now=now) == theirs.throttle.domain_states(now=now)
        assert ours.throttle.relay_states(now=now) == theirs.throttle.relay_states(now=now)
    theirs.throttle.close()


def test_two_processes_share_one_rate_by_the_clock_of_redis(redis_url: str) -> None:
    limits = Limits(rate=5)
    one, other = RedisThrottle(redis_url, limits), RedisThrottle(redis_url, limits)
    # Their own clocks are a year apart: nobody looks at them.
    first = one.ask("relay", ["a.test"] * 4, now=START)
    second = other.ask("relay", ["a.test"] * 4, now=START + timedelta(days=365))
    assert (went(first), went(second)) == (4, 1)


def test_without_redis_sending_goes_on_under_local_limits(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    throttle = Subject(RedisThrottle("redis://127.0.0.1:1/0", Limits(rate=5)))
    assert went(throttle.ask(*["a.test"] * 9)) == 5
    throttle.fail_relay()
    assert throttle.closed() == 30
    throttle.later(30)
    throttle.go("a.test", *[_SLOW] * 20)
    assert [state.domain for state in throttle.states()] == ["a.test"]
    assert [state.relay for state in throttle.throttle.relay_states(now=throttle.now)] == []
    assert [record.message for record in caplog.records if "throttles by itself" in record.message]


def test_a_flushed_redis_forgets_and_goes_on(redis_server: RedisServer, redis_url: str) -> None:
    throttle = Subject(RedisThrottle(redis_url, Limits(), server_clock=False))
    throttle.go("a.test", *[_SLOW] * 20)
    permit = throttle.ask("b.test")
    redis_server.empty()
    throttle.tell(permit, ("b.test", _WELL))
    assert throttle.ask("a.test").waits == (0.0,)
