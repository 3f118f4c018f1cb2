"""Servers that keep to the letter of RFC 5321 and to nothing else, and some that hardly do that."""

from collections.abc import Callable
from typing import Any

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server, read_server
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Refused
from tests.delivery.certificates import Certificates
from tests.delivery.messages import a_message, messages
from tests.delivery.scripted import CHUNKING, PIPELINING, Say, ScriptedServer

Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]
_LONG = b"250 " + b"q" * 8000 + b"\r\n"
_HARMLESS: dict[str, dict[str, Any]] = {
    "a banner of many lines": {
        "banner": Say(b"220-mx.test ESMTP\r\n220-No spam.\r\n220-\r\n220 Really.\r\n")
    },
    "a banner in the Latin of 1990": {"banner": Say(b"220 gr\xfc\xdfe \x1b[31m von mx\xe9\r\n")},
    "a banner that drips": {"banner": Say(b"220-wait\r\n220 here\r\n", dripping=True)},
    "a banner without a word": {"banner": Say(b"220\r\n")},
    "replies without a word": {
        "EHLO": Say(b"250-\r\n250\r\n"),
        "MAIL": Say(b"250\r\n"),
        "RCPT": Say(b"250 \r\n"),
        "DATA": Say(b"354\r\n"),
        "DOT": Say(b"250\r\n"),
    },
    "lines that end in LF": {"EHLO": Say(b"250-mx.test\n250 8BITMIME\n"), "MAIL": Say(b"250 ok\n")},
    "many lines each time": {
        "MAIL": Say(b"250-2.1.0 a\r\n250-2.1.0 b\r\n250 2.1.0 c\r\n"),
        "RCPT": Say(b"250-2.1.5 a\r\n250 2.1.5 b\r\n"),
        "DATA": Say(b"354-a\r\n354-b\r\n354 c\r\n"),
        "DOT": Say(b"250-2.0.0 a\r\n250 2.0.0 queued\r\n"),
    },
    "very long lines": {"EHLO": Say(b"250-" + b"x" * 2000 + b"\r\n250 ok\r\n"), "DOT": Say(_LONG)},
    "251, it will forward": {"RCPT": Say(b"251 2.1.5 user not local\r\n")},
    "252, it cannot tell": {"RCPT": Say(b"252 2.1.5 cannot VRFY\r\n")},
    "a reply as LMTP gives it": {"DOT": Say(b"250 2.1.5 <reader1@example.org> delivered\r\n")},
    "no limit of size": {"EHLO": Say(b"250-mx.test\r\n250 SIZE 0\r\n")},
    "a size that is no number": {"EHLO": Say(b"250-mx.test\r\n250-SIZE lots\r\n250 SIZE\r\n")},
    "features in small letters": {"EHLO": Say(b"250-mx.test\r\n250-size 0\r\n250 pipelining\r\n")},
    "silence to QUIT": {"QUIT": Say(b"", hang_up=True)},
    "a refusal of QUIT": {"QUIT": Say(b"500 what\r\n", hang_up=True)},
    "EHLO unknown": {"EHLO": Say(b"500 5.5.1 command unrecognized\r\n")},
    "EHLO not implemented": {"EHLO": Say(b"502 not here\r\n")},
    "pipelining, dripping": {
        "EHLO": Say(PIPELINING),
        "MAIL": Say(b"250-2.1.0 a\r\n250 2.1.0 b\r\n", dripping=True),
        "DOT": Say(b"250-a\r\n250 b\r\n", dripping=True),
    },
    "chunking, of many lines": {
        "EHLO": Say(CHUNKING),
        "RCPT": Say(b"250-a\r\n250 b\r\n"),
        "DOT": Say(b"250-a\r\n250 b\r\n", dripping=True),
    },
}


@pytest.mark.parametrize("script", _HARMLESS.values(), ids=_HARMLESS)
def test_what_is_odd_and_harmless_costs_no_mail(
    script: dict[str, Any], scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted(script)
    backend = smtp(Server("127.0.0.1", server.port))
    outcomes = list(backend.send(messages(3)))
    backend.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3, outcomes
    assert len(server.accepted) == 3
    assert server.session_count == 1
    assert all(outcome.reply.isprintable() for outcome in outcomes)


def test_a_server_that_knows_only_helo_is_greeted_so_and_gets_no_parameters(
    scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"EHLO": Say(b"500 5.5.1 command unrecognized\r\n")})
    (outcome,) = smtp(Server("127.0.0.1", server.port), helo_name="news.test").send(messages(1))
    assert isinstance(outcome, Accepted)
    assert [line.upper() for line in server.commands[:2]] == ["EHLO NEWS.TEST", "HELO NEWS.TEST"]
    assert server.commands[2] == f"MAIL FROM:<{messages(1)[0].sender}>"


@pytest.mark.parametrize("url", ["smtp+starttls://{}", "smtp://user:secret@{}"])
def test_whoever_must_protect_or_log_in_never_falls_back_to_helo(
    url: str, scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"EHLO": Say(b"502 5.5.1 not implemented\r\n")})
    backend = smtp(read_server(url.format(f"127.0.0.1:{server.port}")))
    (outcome,) = backend.send(messages(1))
    assert outcome == Misconfigured(502, "5.5.1 not implemented")
    assert not any(line.upper().startswith(("HELO", "MAIL", "AUTH")) for line in server.commands)


def test_a_login_may_be_offered_only_behind_starttls(
    scripted: Scripted, smtp: Smtp, trusted: Certificates
) -> None:
    bare = Say(b"250-mx.test\r\n250 STARTTLS\r\n")
    behind = Say(b"250-mx.test\r\n250 AUTH PLAIN\r\n")
    server = scripted({"EHLO": [bare, behind]}, tls=trusted.context())
    backend = smtp(read_server(f"smtp+starttls://user:secret@127.0.0.1:{server.port}"))
    outcomes = list(backend.send(messages(2)))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 2
    assert [line.split()[0].upper() for line in server.commands[:4]] == [
        "EHLO",
        "STARTTLS",
        "EHLO",
        "AUTH",
    ]


@pytest.mark.parametrize("offers", [b"250 x\r\n", PIPELINING], ids=["plain", "pipelining"])
def test_a_goodbye_at_data_comes_before_the_body_and_is_tried_once_more(
    offers: bytes, scripted: Scripted, smtp: Smtp
) -> None:
    goodbye = Say(b"421 4.3.2 shutting down\r\n", hang_up=True)
    server = scripted({"EHLO": Say(offers), "DATA": [None, goodbye]})
    backend = smtp(Server("127.0.0.1", server.port))
    outcomes = list(backend.send(messages(3)))
    # The server notes a body after it has answered, and before it hears the QUIT.
    backend.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
    assert len(server.accepted) == 3
    assert server.session_count == 2


def test_a_goodbye_instead_of_the_last_answer_means_that_nothing_was_taken(
    scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"DOT": [Say(b"421 4.3.0 out of disk\r\n", hang_up=True), None]})
    first, second = smtp(Server("127.0.0.1", server.port)).send(messages(2))
    assert first == Deferred(421, "4.3.0 out of disk")
    assert isinstance(second, Accepted)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"250 " + b"q" * 9000 + b"\r\n", InDoubt),
        (b"250-a\r\n" * 300 + b"250 b\r\n", InDoubt),
        (b"250-a\r\n550 b\r\n", InDoubt),
        (b"hello\r\n", InDoubt),
        (b"550 " + b"q" * 8000 + b"\r\n", Refused),
    ],
    ids=["endless line", "endless lines", "two codes", "no code", "long refusal"],
)
def test_an_answer_that_is_no_smtp_leaves_a_doubt_and_never_a_crash(
    reply: bytes, kind: type[object], scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"DOT": [Say(reply), None]})
    first, second = smtp(Server("127.0.0.1", server.port)).send(messages(2))
    assert isinstance(first, kind)
    assert isinstance(second, Accepted)


def test_a_size_in_ehlo_refuses_only_what_is_larger(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"EHLO": Say(b"250-mx.test\r\n250 SIZE 1000\r\n")})
    small, large = a_message(content=b"a: b\r\n\r\nx\r\n"), a_message(content=b"x" * 1001)
    first, second, third = smtp(Server("127.0.0.1", server.port)).send([small, large, small])
    assert isinstance(second, Refused)
    assert not second.suppress
    assert [type(first), type(third)] == [Accepted] * 2
