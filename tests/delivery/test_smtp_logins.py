"""Logging in: PLAIN, LOGIN, XOAUTH2, and what a login that fails costs."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Mechanism, Security, Server, read_server
from mailer.ports import Accepted, Deferred, Misconfigured
from tests.delivery.certificates import Certificates
from tests.delivery.messages import messages
from tests.delivery.scripted import Say, ScriptedServer
from tests.delivery.sinks import SinkServer

Sink = Callable[..., SinkServer]
Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]


def _login(server: SinkServer, security: Security, password: str = "pass wörd%") -> Server:
    return Server("127.0.0.1", server.port, security, "news@news.test", password)


_LOGIN = ("news@news.test", "pass wörd%")


@pytest.mark.parametrize("left_out", [(), ("PLAIN",)], ids=["PLAIN", "LOGIN"])
def test_starttls_and_login(
    left_out: tuple[str, ...], sink: Sink, smtp: Smtp, trusted: Certificates
) -> None:
    server = sink(starttls=trusted.context(), login=_LOGIN, methods_left_out=left_out)
    url = f"smtp+starttls://news%40news.test:pass%20w%C3%B6rd%25@127.0.0.1:{server.port}"
    outcomes = list(smtp(read_server(url)).send(messages(2)))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert [(mail.encrypted, mail.login) for mail in server.mails] == [(True, _LOGIN[0])] * 2


def test_a_wrong_password_is_tried_once_a_call(
    sink: Sink, smtp: Smtp, trusted: Certificates
) -> None:
    server = sink(starttls=trusted.context(), login=_LOGIN)
    outcomes = set(smtp(_login(server, Security.STARTTLS, "wrong")).send(messages(9)))
    assert outcomes == {Misconfigured(535, "5.7.8 Authentication credentials invalid")}
    assert server.session_count == 1


def test_a_server_that_offers_no_login_we_know_gets_none(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"EHLO": Say(b"250-x\r\n250 AUTH CRAM-MD5 X\x1b[2J\r\n")})
    login = Server("127.0.0.1", server.port, user="news", password="secret")
    (outcome,) = smtp(login).send(messages(1))
    assert isinstance(outcome, Misconfigured)
    assert outcome.reply.endswith("offers no login by PLAIN or LOGIN: it offers CRAM-MD5 X[2J")
    assert server.commands[1:] == []


_TOKEN = Server(
    "127.0.0.1", 0, user="news@news.test", password="token", mechanism=Mechanism.XOAUTH2
)
_OFFERS_XOAUTH2 = Say(b"250-x\r\n250 AUTH PLAIN XOAUTH2\r\n")


def test_a_token_logs_in(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"EHLO": _OFFERS_XOAUTH2})
    (outcome,) = smtp(replace(_TOKEN, port=server.port)).send(messages(1))
    assert isinstance(outcome, Accepted)
    method, mechanism, said = server.commands[1].split()
    assert (method, mechanism) == ("AUTH", "XOAUTH2")
    assert b64decode(said) == b"user=news@news.test\x01auth=Bearer token\x01\x01"


def test_a_token_that_is_over_is_our_fault(scripted: Scripted, smtp: Smtp) -> None:
    why = Say(b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n")
    server = scripted({"EHLO": _OFFERS_XOAUTH2, "AUTH": why, "": Say(b"535 5.7.8 expired\r\n")})
    (outcome,) = smtp(replace(_TOKEN, port=server.port)).send(messages(1))
    assert outcome == Misconfigured(535, "5.7.8 expired")


def test_a_password_that_cannot_be_had_is_our_fault(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"EHLO": _OFFERS_XOAUTH2})
    login = Server("127.0.0.1", server.port, user="u", password_command=("/nowhere/at-all",))
    (outcome,) = smtp(login).send(messages(1))
    assert isinstance(outcome, Misconfigured)
    assert "'/nowhere/at-all' cannot be run: No such file" in outcome.reply


def test_a_server_that_never_has_enough_of_passwords(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"AUTH": Say(b"334 \r\n")})
    login = Server("127.0.0.1", server.port, user="news", password="secret")
    (outcome,) = smtp(login).send(messages(1))
    assert isinstance(outcome, Deferred)
    assert "asks for more than user and password" in outcome.reply
