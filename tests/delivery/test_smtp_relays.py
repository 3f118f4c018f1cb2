"""Relays: whose turn it is, who is passed over, how many at once, how fast."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

import pytest

from mailer.delivery.breakers import Breakers
from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_relays import Relays
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_session import Manner, SessionRefused
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.delivery.throttle import MemoryThrottle
from mailer.ports import Accepted, Deferred, Throttle
from tests.delivery.messages import messages
from tests.delivery.scripted import CHUNKING, DROP, PIPELINING, Say, ScriptedServer

Scripted = Callable[..., ScriptedServer]
_BUSY = Say(b"421 4.3.2 busy\r\n", hang_up=True)


def _at(server: ScriptedServer, weight: int = 1) -> Server:
    return Server("127.0.0.1", server.port, weight=weight, most_messages=1)


def _relays(
    *servers: Server,
    now: list[float] | None = None,
    connections: int = 1,
    throttle: Throttle | None = None,
) -> Relays:
    clock = now if now is not None else [1000.0]
    return Relays(
        servers,
        helo_name="",
        timeouts=Timeouts(),
        connections=connections,
        clock=lambda: clock[0],
        breakers=Breakers(throttle, lambda: _moment(clock[0])),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _turns(relays: Relays, count: int) -> list[int]:
    """Take and hang up that many times; gives the ports."""
    ports = []
    for _ in range(count):
        session = relays.take()
        ports.append(session.server.port)
        session.leave()
        relays.give_back(session)
    return ports


def test_each_server_gets_connections_by_its_weight_and_in_turn(scripted: Scripted) -> None:
    heavy, light, other = scripted({}), scripted({}), scripted({})
    ports = _turns(_relays(_at(heavy, 5), _at(light), _at(other)), 14)
    assert [ports.count(one.port) for one in (heavy, light, other)] == [10, 2, 2]
    assert ports[:7] == ports[7:]
    assert ports[:3] != [heavy.port] * 3


def test_a_stand_by_is_used_only_while_the_others_are_away(scripted: Scripted) -> None:
    first, stand_by = scripted({"banner": [None, _BUSY]}), scripted({})
    now = [1000.0]
    relays = _relays(_at(first), _at(stand_by, 0), now=now)
    assert _turns(relays, 3) == [first.port, stand_by.port, stand_by.port]
    assert first.session_count == 2
    now[0] += 31
    assert _turns(relays, 1) == [first.port]


def test_a_server_that_is_away_is_left_alone_even_when_it_is_the_only_one(
    scripted: Scripted,
) -> None:
    server = scripted({"banner": [_BUSY, None]})
    now = [1000.0]
    relays = _relays(_at(server), now=now)
    with pytest.raises(SessionRefused, match=r"4\.3\.2 busy"):
        relays.take()
    now[0] += 29
    with pytest.raises(SessionRefused, match=r"left alone for 1 s more: 4\.3\.2 busy"):
        relays.take()
    assert server.session_count == 1
    now[0] += 1
    assert _turns(relays, 1) == [server.port]


def test_what_one_process_learns_of_a_server_spares_all_others(scripted: Scripted) -> None:
    dead, well = scripted({"banner": _BUSY}), scripted({})
    throttle, now = MemoryThrottle(), [1000.0]
    processes = [_relays(_at(dead), _at(well), now=now, throttle=throttle) for _ in range(3)]
    assert [port for one in processes for port in _turns(one, 4)] == [well.port] * 12
    assert dead.session_count == 1
    (state,) = throttle.relay_states(now=_moment(now[0]))
    assert (state.relay, state.closed_seconds) == (f"127.0.0.1:{dead.port}", 30.0)
    assert state.reply == "4.3.2 busy"


def test_a_server_that_was_away_is_probed_by_one_message_and_then_trusted(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    server = scripted({"EHLO": Say(CHUNKING), "banner": [_BUSY, None]})
    throttle, now = MemoryThrottle(), [1000.0]
    breakers = Breakers(throttle, lambda: _moment(now[0]))
    backend = smtp(Server("127.0.0.1", server.port), breakers=breakers)
    assert {type(one) for one in backend.send(messages(5))} == {Deferred}
    now[0] += 30
    outcomes = backend.send(messages(5))
    assert isinstance(next(outcomes), Accepted)
    # One message alone was on its way, whatever the window: the others follow when it is judged.
    assert len(server.bodies) == 1
    assert {type(one) for one in outcomes} == {Accepted}
    assert throttle.relay_states(now=_moment(now[0])) == []


def test_a_server_that_lets_us_in_and_then_breaks_off_is_left_alone(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    broken, well = scripted({"MAIL": DROP}), scripted({})
    throttle = MemoryThrottle()
    breakers = Breakers(throttle, lambda: _moment(1000.0))
    backend = smtp(_at(broken), _at(well), breakers=breakers)
    outcomes = list(backend.send(messages(40)))
    assert {type(one) for one in outcomes} == {Accepted}
    (state,) = throttle.relay_states(now=_moment(1000.0))
    assert state.relay == f"127.0.0.1:{broken.port}"
    assert "closed the connection (MAIL FROM)" in state.reply
    assert broken.session_count == 2


def test_one_message_that_a_server_chokes_on_does_not_take_it_away_from_others(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    server = scripted({"RCPT": [DROP, DROP, None]})
    throttle = MemoryThrottle()
    backend = smtp(
        Server("127.0.0.1", server.port), breakers=Breakers(throttle, lambda: _moment(1000.0))
    )
    first, *others = backend.send(messages(5))
    assert isinstance(first, Deferred)
    assert {type(one) for one in others} == {Accepted}
    assert throttle.relay_states(now=_moment(1000.0)) == []


def test_idle_connections_that_a_server_closed_say_nothing_against_it(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    server = scripted({"DOT": Say(b"250 ok\r\n", hang_up=True)})
    throttle = MemoryThrottle()
    backend = smtp(
        Server("127.0.0.1", server.port), breakers=Breakers(throttle, lambda: _moment(1000.0))
    )
    for _ in range(5):
        assert {type(one) for one in backend.send(messages(2))} == {Accepted}
    assert throttle.relay_states(now=_moment(1000.0)) == []


def test_no_more_sessions_are_open_than_allowed(scripted: Scripted) -> None:
    server = scripted({})
    relays = _relays(_at(server), connections=2)
    first, second = relays.take(), relays.take()
    taken = []
    third = Thread(target=lambda: taken.append(relays.take()))
    third.start()
    assert taken == []
    relays.give_back(first)
    third.join(timeout=10)
    assert taken == [first]
    relays.give_back(second)
    relays.give_back(first)
    relays.close()
    assert server.session_count == 2


def test_a_session_in_use_says_goodbye_once_it_is_free(scripted: Scripted) -> None:
    server = scripted({})
    relays = _relays(_at(server))
    session = relays.take()
    relays.close()
    was_open = session.is_open
    relays.give_back(session)
    assert (was_open, session.is_open) == (True, False)
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize(
    ("offers", "manner"),
    [
        (b"250 x\r\n", Manner.STEP),
        (b"250-x\r\n250 CHUNKING\r\n", Manner.STEP),
        (PIPELINING, Manner.AHEAD),
        (CHUNKING, Manner.WINDOW),
    ],
)
def test_a_server_is_talked_to_as_fast_as_it_offers(
    offers: bytes, manner: Manner, scripted: Scripted
) -> None:
    relays = _relays(_at(scripted({"EHLO": Say(offers)})))
    session = relays.take()
    assert relays.manner_of(session) is manner
    relays.give_back(session)
    relays.close()


def test_a_server_that_could_not_follow_is_spared_for_ten_minutes(scripted: Scripted) -> None:
    now = [1000.0]
    relays = _relays(_at(scripted({"EHLO": Say(CHUNKING)})), now=now)
    session = relays.take()
    for slower in (Manner.AHEAD, Manner.GROUP, Manner.STEP, Manner.STEP):
        relays.slow_down(session, relays.manner_of(session))
        assert relays.manner_of(session) is slower
    now[0] += 601
    assert relays.manner_of(session) is Manner.WINDOW
    relays.give_back(session)
    relays.close()


def test_a_server_that_hangs_up_on_what_is_said_ahead_gets_all_mail_more_slowly(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    """Pipelined text behind the dot breaks it: MAIL is answered only when it comes alone."""
    server = scripted(
        {"EHLO": Say(PIPELINING), "MAIL": [None, Say(b"421 4.5.0 too fast\r\n", hang_up=True)]}
    )
    backend = smtp(Server("127.0.0.1", server.port))
    outcomes = list(backend.send(messages(30)))
    backend.close()
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert len(server.accepted) == len(set(server.accepted)) == 30
    assert server.session_count == 2


def test_a_complaint_about_what_was_said_ahead_is_asked_again(
    scripted: Scripted, smtp: Callable[..., SmtpBackend]
) -> None:
    server = scripted(
        {"EHLO": Say(PIPELINING), "MAIL": [None, Say(b"503 5.5.1 improper pipelining\r\n")]}
    )
    outcomes = list(smtp(Server("127.0.0.1", server.port)).send(messages(30)))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert not any(isinstance(outcome, Deferred) for outcome in outcomes)
    assert server.session_count == 1
