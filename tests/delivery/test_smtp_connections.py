"""What becomes of the connection: kept, reset, replaced, recycled, given up."""

import socket
import ssl
from collections.abc import Callable
from contextlib import closing as closed_at_end
from itertools import islice

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_replies import Phase
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_session import Session
from mailer.errors import BackendError
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Refused
from tests.delivery.messages import a_message, messages
from tests.delivery.scripted import DROP, Say, ScriptedServer
from tests.delivery.sinks import SinkServer
from tests.delivery.test_smtp_matrix import IMPATIENT

Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]
_OK = Accepted(250, "ok")


def _at(server: ScriptedServer | SinkServer) -> Server:
    return Server("127.0.0.1", server.port)


def _closed_port() -> int:
    with closed_at_end(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def _reply(outcome: object) -> str:
    assert isinstance(outcome, Deferred | InDoubt | Misconfigured)
    return outcome.reply


def test_the_connection_is_kept_over_messages_and_calls(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({})
    backend = smtp(_at(server))
    assert [*backend.send(messages(2)), *backend.send(messages(2))] == [_OK] * 4
    backend.close()
    assert server.session_count == 1
    assert server.commands[-1] == "QUIT"
    assert "RSET" not in server.commands


def test_a_refusal_is_followed_by_a_reset(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"RCPT": [Say(b"550 5.1.1 nobody\r\n")]})
    outcomes = list(smtp(_at(server)).send(messages(3)))
    assert outcomes == [Refused(550, "5.1.1 nobody", suppress=True), _OK, _OK]
    verbs = [command.split()[0].upper() for command in server.commands[1:]]
    assert verbs == [*("MAIL", "RCPT", "RSET"), *("MAIL", "RCPT", "DATA") * 2]


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": [None, Say(b"421 4.4.2 idle too long\r\n", hang_up=True)]},
        {"MAIL": [None, DROP]},
        {"DOT": [Say(b"250 ok\r\n", hang_up=True)]},
        {"DOT": [Say(b"250 ok\r\n421 4.4.2 too many messages\r\n", hang_up=True)]},
    ],
    ids=["421", "closed at MAIL", "closed after the first", "421 after the first"],
)
def test_a_connection_that_died_between_messages_is_replaced(
    script: object, scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted(script)
    assert list(smtp(_at(server)).send(messages(3))) == [_OK] * 3
    assert server.session_count == 2


def test_a_goodbye_after_the_body_costs_the_next_message_nothing(
    scripted: Scripted, smtp: Smtp
) -> None:
    goodbye = Say(b"421 4.3.2 closing\r\n", hang_up=True)
    server = scripted({"DOT": [goodbye], "MAIL": [None, DROP]})
    outcomes = list(smtp(_at(server)).send(messages(2)))
    assert outcomes == [Deferred(421, "4.3.2 closing"), _OK]
    assert server.session_count == 3


def test_a_message_is_tried_on_two_connections_at_most(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"RCPT": [DROP, DROP]})
    first, second = smtp(_at(server)).send(messages(2))
    assert "closed the connection (RCPT TO)" in _reply(first)
    assert second == _OK
    assert server.session_count == 3


@pytest.mark.parametrize(
    ("phase", "kind"),
    [("banner", Deferred), ("MAIL", Deferred), ("DATA", Deferred), ("DOT", InDoubt)],
)
def test_a_reset_connection_is_as_lost_as_a_closed_one(
    phase: str, kind: type[Deferred | InDoubt], scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({phase: Say(b"", reset=True)})
    (outcome,) = smtp(_at(server)).send(messages(1))
    assert isinstance(outcome, kind)
    assert "Connection reset by peer" in _reply(outcome)  # Perhaps while we still connected.


def test_a_connection_reset_between_messages_is_replaced(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"DOT": [Say(b"250 ok\r\n", reset=True)]})
    assert list(smtp(_at(server)).send(messages(2))) == [_OK] * 2
    assert server.session_count == 2


def test_a_session_that_was_never_opened_takes_no_command() -> None:
    session = Session(Server("127.0.0.1", 25), "", IMPATIENT, ssl.create_default_context)
    with pytest.raises(SessionLost, match="not connected"):
        session.ask(Phase.MAIL, "MAIL FROM:<>")
    session.leave()


def test_two_lost_messages_in_a_row_end_the_trying(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"RCPT": DROP})
    first, *rest = smtp(_at(server)).send(messages(50))
    assert {outcome.counts for outcome in rest if isinstance(outcome, Deferred)} == {False}
    left_alone = f"smtp://127.0.0.1:{server.port} is left alone for 30 s more: {_reply(first)}"
    assert {_reply(outcome) for outcome in rest} == {left_alone}
    assert len(rest) == 49
    assert server.session_count == 3


def test_two_doubts_in_a_row_are_not_followed_by_a_third(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"DOT": DROP})
    outcomes = list(smtp(_at(server)).send(messages(5)))
    assert [type(outcome) for outcome in outcomes] == [InDoubt] * 2 + [Deferred] * 3
    assert len(server.bodies) == 2


def test_a_doubt_between_good_messages_stops_nothing(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"DOT": [None, DROP, None, DROP]})
    outcomes = list(smtp(_at(server)).send(messages(5)))
    assert [type(outcome) for outcome in outcomes] == [
        *(Accepted, InDoubt, Accepted, InDoubt, Accepted)
    ]
    assert [body for body in server.bodies if body == a_message(2).content] == [
        a_message(2).content
    ]


def test_a_connection_carries_a_hundred_messages(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({})
    backend = smtp(_at(server))
    list(backend.send(messages(100)))
    assert server.session_count == 1
    list(backend.send(messages(101)))
    assert server.session_count == 3
    assert server.commands.count("QUIT") == 2


def test_a_connection_lives_five_minutes(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({})
    now = [1_000.0]
    backend = smtp(_at(server), clock=lambda: now[0])
    list(backend.send(messages(1)))
    now[0] += 299
    list(backend.send(messages(1)))
    assert server.session_count == 1
    now[0] += 1
    list(backend.send(messages(1)))
    assert server.session_count == 2


def test_a_caller_that_stops_leaves_the_connection_usable(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"RCPT": [None, Say(b"450 4.2.0 later\r\n")]})
    backend = smtp(_at(server))
    outcomes = backend.send(messages(5))
    assert list(islice(outcomes, 2)) == [_OK, Deferred(450, "4.2.0 later")]
    outcomes.close()  # type: ignore[attr-defined]  # a generator, whatever the port promises
    assert list(backend.send(messages(1))) == [_OK]
    assert server.session_count == 1
    assert len(server.bodies) == 2


class _Interrupting(bytes):
    """Content at which the process is interrupted, between 354 and the body."""

    def replace(self, *arguments: object) -> bytes:
        raise KeyboardInterrupt


def test_an_interrupted_transaction_takes_its_connection_along(
    scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({})
    backend = smtp(_at(server))
    with pytest.raises(KeyboardInterrupt):
        list(backend.send([a_message(1), a_message(2, _Interrupting(b"Subject: x\r\n\r\n"))]))
    assert list(backend.send([a_message(3)])) == [_OK]
    assert server.session_count == 2
    assert server.bodies == [a_message(1).content, a_message(3).content]


def test_a_server_that_stops_reading_cannot_have_the_message(
    scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"DATA": Say(b"354 go ahead\r\n", deaf=True)})
    (outcome,) = smtp(_at(server), timeouts=IMPATIENT).send(
        [a_message(content=b"x" * 30_000_000 + b"\r\n")]
    )
    assert outcome == Deferred(
        0,
        f"smtp://127.0.0.1:{server.port} did not read what we sent in time (end of data)",
        counts=False,
    )


def test_nothing_connects_before_a_message_comes(smtp: Smtp) -> None:
    backend = smtp(Server("127.0.0.1", _closed_port()))
    assert list(backend.send([])) == []
    backend.close()


def test_a_backend_needs_a_server_and_a_name_that_fits() -> None:
    with pytest.raises(BackendError, match="needs a server"):
        SmtpBackend([])
    with pytest.raises(BackendError, match="cannot stand in EHLO"):
        SmtpBackend([Server("127.0.0.1", 25)], helo_name="news.test\r\nMAIL FROM:<>")
