"""Being let in: by a server that does not, by nobody, by the second of several."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing as closed_at_end
from datetime import UTC, datetime

import pytest

from mailer.core.throttles import RelayState
from mailer.delivery.breakers import Breakers
from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_relays import Relays
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.delivery.throttle import MemoryThrottle
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured
from tests.delivery.messages import messages
from tests.delivery.scripted import DROP, Say, ScriptedServer
from tests.delivery.sinks import SinkServer

Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]
_OK = Accepted(250, "ok")
_NOON = datetime(2026, 10, 22, 12, tzinfo=UTC)


def _at(server: ScriptedServer | SinkServer) -> Server:
    return Server("127.0.0.1", server.port)


def _closed_port() -> int:
    with closed_at_end(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def _reply(outcome: object) -> str:
    assert isinstance(outcome, Deferred | InDoubt | Misconfigured)
    return outcome.reply


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"banner": DROP}, Deferred),
        ({"banner": Say(b"451 busy\r\n")}, Deferred),
        ({"banner": Say(b"554 go away\r\n")}, Misconfigured),
        ({"EHLO": Say(b"550 who are you\r\n")}, Misconfigured),
    ],
)
def test_a_server_that_does_not_let_us_in_is_asked_once_and_then_left_alone(
    script: object, kind: type[Deferred | Misconfigured], scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted(script)
    backend = smtp(_at(server))
    outcomes = set(backend.send(messages(50)))
    assert [type(outcome) for outcome in outcomes] == [kind]
    (later,) = backend.send(messages(1))
    assert isinstance(later, Deferred)
    assert not later.counts
    assert later.wait_seconds == pytest.approx(30, abs=5)
    assert _reply(outcomes.pop()) in later.reply
    assert server.session_count == 1


@pytest.mark.parametrize("reply", [b"550 5.1.8 no such sender", b"530 5.7.0 log in first"])
def test_a_sender_that_is_refused_stops_the_call_and_leaves_the_server_to_others(
    reply: bytes, scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"MAIL": [Say(reply + b"\r\n"), None]})
    backend = smtp(_at(server))
    outcomes = set(backend.send(messages(50)))
    assert [type(outcome) for outcome in outcomes] == [Misconfigured]
    assert len(server.commands) == 2
    assert list(backend.send(messages(2))) == [_OK] * 2
    assert server.session_count == 1


def test_a_port_nobody_listens_on_defers_the_call(smtp: Smtp) -> None:
    port = _closed_port()
    outcomes = list(smtp(Server("127.0.0.1", port)).send(messages(3)))
    reason = f"smtp://127.0.0.1:{port} cannot be reached: Connection refused"
    assert outcomes == [Deferred(0, reason, counts=False)] * 3


def test_a_temporary_refusal_at_mail_leaves_the_others_their_turn(
    scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"MAIL": [None, Say(b"451 4.3.0 busy\r\n")]})
    assert list(smtp(_at(server)).send(messages(3))) == [
        _OK,
        Deferred(451, "4.3.0 busy", counts=False),
        _OK,
    ]


def test_the_second_server_takes_over_when_the_first_is_away(
    scripted: Scripted, smtp: Smtp
) -> None:
    away, busy, well = (
        Server("127.0.0.1", _closed_port()),
        scripted({"banner": Say(b"421 busy\r\n", hang_up=True)}),
        scripted({}),
    )
    assert list(smtp(away, _at(busy), _at(well)).send(messages(2))) == [_OK] * 2
    assert (busy.session_count, well.session_count) == (1, 1)


def test_a_server_that_refuses_us_is_shown_while_the_second_carries_all(
    scripted: Scripted, smtp: Smtp
) -> None:
    strict, well = scripted({"EHLO": Say(b"554 5.7.1 blocked\r\n")}), scripted({})
    throttle = MemoryThrottle()
    backend = smtp(_at(strict), _at(well), breakers=Breakers(throttle, lambda: _NOON))
    assert list(backend.send(messages(3))) == [_OK] * 3
    assert throttle.relay_states(now=_NOON) == [
        RelayState(f"127.0.0.1:{strict.port}", 30.0, 1, "5.7.1 blocked")
    ]


def test_our_own_fault_is_told_when_no_server_is_away_for_another_reason(
    scripted: Scripted, smtp: Smtp
) -> None:
    strict, busy = (scripted({"banner": Say(reply)}) for reply in (b"554 no\r\n", b"450 no\r\n"))
    (ours,) = smtp(_at(strict)).send(messages(1))
    assert ours == Misconfigured(554, "no")
    (later,) = smtp(_at(strict), _at(busy)).send(messages(1))
    assert later == Deferred(450, "no", counts=False)


def test_when_no_server_is_there_the_first_ones_reason_stands(smtp: Smtp) -> None:
    first, second = (Server("127.0.0.1", _closed_port()) for _ in range(2))
    (outcome,) = smtp(first, second).send(messages(1))
    assert str(first) in _reply(outcome)


def test_a_server_that_lets_no_more_of_us_in_at_once_is_no_dead_one(scripted: Scripted) -> None:
    too_many = Say(b"421 4.7.0 too many connections\r\n", hang_up=True)
    server = scripted({"banner": [None, too_many, None]})
    throttle, now = MemoryThrottle(), [1000.0]
    relays = Relays(
        [_at(server)],
        helo_name="",
        timeouts=Timeouts(),
        connections=3,
        clock=lambda: now[0],
        breakers=Breakers(throttle, lambda: _NOON),
    )
    first = relays.take()
    with ThreadPoolExecutor(1) as lane:
        second = lane.submit(relays.take)
        deadline = time.monotonic() + 30
        while server.session_count < 2 and time.monotonic() < deadline:
            wait([second], timeout=0.01)
        # It knocks once, waits for the one there is, and so does whoever comes next.
        for waiting in (second, lane.submit(relays.take)):
            relays.give_back(first)
            assert waiting.result(timeout=30) is first
    assert throttle.relay_states(now=_NOON) == []
    assert server.session_count == 2
    relays.give_back(first)
    now[0] += 61
    taken = [relays.take(), relays.take()]
    assert len(set(map(id, taken))) == 2
    for session in taken:
        relays.give_back(session)
    relays.close()
