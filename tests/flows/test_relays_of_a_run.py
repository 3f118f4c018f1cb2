"""A run over several relays: one that is dead or refuses us leaves the others to carry all."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.core.throttles import Limits, RelayState
from mailer.delivery.breakers import Breakers
from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Mechanism, Server
from mailer.delivery.throttle import MemoryThrottle
from mailer.delivery.throttle_redis import RedisThrottle
from mailer.flows.check_ledger import check_ledger
from mailer.flows.deliver_run import Delivered, deliver_run
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.steer_run import Steer, steer_run
from mailer.ports import Throttle
from mailer.store.runs import find_run
from tests.delivery.scripted import DROP, Say, ScriptedServer
from tests.flows.conftest import NOON, Newsroom

S = DeliveryState
_LOGIN = {"EHLO": Say(b"250-x\r\n250 AUTH PLAIN\r\n")}
_WRONG = Say(b"535 5.7.8 bad password\r\n")


class Post:
    """Twenty readers of a run that is planned, and two processes that share a throttle."""

    def __init__(self, newsroom: Newsroom, redis_url: str | None, closing: ExitStack) -> None:
        limits = Limits()
        throttle: Throttle = MemoryThrottle(limits)
        if redis_url is not None:
            throttle = RedisThrottle(redis_url, limits, server_clock=False)
        newsroom.desk = replace(newsroom.desk, throttle=throttle)
        newsroom.publish("one", "China")
        for number in range(20):
            newsroom.read_by(f"reader{number}@a.test")
            newsroom.follow(f"reader{number}@a.test", "china")
        self.newsroom = newsroom
        self.now = NOON
        self._closing = closing
        self.run_id = self.plan()

    def plan(self) -> int:
        database = self.newsroom.database
        run_id = open_run(database, "asia", Cadence.DAILY, as_of=self.now, now=self.now).run_id
        plan_run(self.newsroom.desk, run_id, now=self.now)
        return run_id

    def clock(self) -> datetime:
        return self.now

    def backend(self, *servers: Server) -> SmtpBackend:
        backend = SmtpBackend(servers, breakers=Breakers(self.newsroom.desk.throttle, self.clock))
        self._closing.callback(backend.close)
        return backend

    def deliver(self, backend: SmtpBackend, seconds: float = 0.0) -> Delivered:
        self.now += timedelta(seconds=seconds)
        return deliver_run(self.newsroom.desk, backend, clock=self.clock)

    def states(self) -> Counter[DeliveryState]:
        return Counter(row.state for row in self.newsroom.deliveries())

    def relays(self) -> list[RelayState]:
        return self.newsroom.desk.throttle.relay_states(now=self.now)

    def sound(self) -> bool:
        return not any(one.count for one in check_ledger(self.newsroom.database, now=self.now))


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def post(newsroom: Newsroom, closing: ExitStack, request: pytest.FixtureRequest) -> Post:
    """With a ledger in SQLite in one process, in PostgreSQL with what Redis shares."""
    shared = not newsroom.database.is_sqlite
    return Post(newsroom, request.getfixturevalue("redis_url") if shared else None, closing)


@pytest.fixture
def scripted(closing: ExitStack) -> Callable[[object], ScriptedServer]:
    def start(script: object) -> ScriptedServer:
        server = ScriptedServer(script)  # type: ignore[arg-type]
        closing.callback(server.stop)
        return server

    return start


def _at(server: ScriptedServer, weight: int = 1) -> Server:
    return Server("127.0.0.1", server.port, weight=weight)


@pytest.mark.parametrize(
    "fault",
    [{"banner": DROP}, {"EHLO": Say(b"554 5.7.1 blocked\r\n")}],
    ids=["away", "refuses"],
)
def test_one_dead_relay_is_left_alone_while_the_other_carries_all(
    post: Post, scripted: Callable[[object], ScriptedServer], fault: object
) -> None:
    dead, well = scripted(fault), scripted({})
    processes = [post.backend(_at(dead, 9), _at(well)) for _ in range(2)]
    for backend in processes:
        assert post.deliver(backend).closed_seconds == 0
    assert post.states() == {S.ACCEPTED: 20}
    assert {row.attempt_count for row in post.newsroom.deliveries()} == {1}
    # Its breaker is shared: the second process has not even knocked.
    assert (dead.session_count, len(well.accepted)) == (1, 20)
    (state,) = post.relays()
    assert (state.relay, state.closed_seconds) == (f"127.0.0.1:{dead.port}", 30.0)
    assert post.sound()


def test_when_every_relay_is_dead_the_run_waits_and_loses_nothing(
    post: Post, scripted: Callable[[object], ScriptedServer]
) -> None:
    servers = [scripted({"banner": [DROP, None]}), scripted({"banner": [DROP, None]})]
    backend = post.backend(*map(_at, servers))
    assert post.deliver(backend).closed_seconds == 30
    assert post.deliver(backend, 10).closed_seconds == 20
    assert [one.session_count for one in servers] == [1, 1]
    assert post.states() == {S.QUEUED: 20}
    for _ in range(4):
        post.deliver(backend, 30)
    assert post.states() == {S.ACCEPTED: 20}
    # One carries all by now: the other is tried when the next connection is its turn.
    assert [one.closed_seconds for one in post.relays()] == [0.0]
    assert post.sound()


def test_a_wrong_password_pauses_the_run_and_is_tried_once_until_somebody_mends_it(
    post: Post, scripted: Callable[[object], ScriptedServer]
) -> None:
    server = scripted(_LOGIN | {"AUTH": [_WRONG, _WRONG, None]})
    strict = replace(_at(server), user="u", password="p", mechanism=Mechanism.PLAIN)
    backend = post.backend(strict)
    assert post.deliver(backend).halted == "5.7.8 bad password"
    with post.newsroom.database.read() as connection:
        run = find_run(connection, post.run_id)
    assert run.state is RunState.PAUSED
    assert "535 5.7.8 bad password" in run.state_reason
    assert post.states() == {S.QUEUED: 20}
    (state,) = post.relays()
    assert (state.closed_seconds, state.reply) == (30.0, "5.7.8 bad password")

    # Nobody knocks again, for whichever run or notice, until its time is over: accounts get locked.
    post.now += timedelta(seconds=20)
    assert post.deliver(backend).closed_seconds == 10
    assert server.session_count == 1

    def resume() -> None:
        steer_run(
            post.newsroom.database,
            post.run_id,
            Steer.RESUME,
            now=post.now,
            signer=post.newsroom.desk.signer,
            throttle=post.newsroom.desk.throttle,
        )

    resume()
    assert post.deliver(backend).halted
    assert server.session_count == 2
    resume()
    assert not post.deliver(backend).halted
    assert post.states() == {S.ACCEPTED: 20}
    assert {row.attempt_count for row in post.newsroom.deliveries()} == {1}
    assert post.relays() == []
    assert post.sound()
