"""The SMTP backend against a real server: TLS, login, extensions, refusals, the bytes."""

from collections.abc import Callable
from typing import Any

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Security, Server
from mailer.ports import Accepted, Deferred, Misconfigured, Refused
from tests.delivery.certificates import Certificates
from tests.delivery.messages import PLAIN, SMUGGLED, a_message, messages
from tests.delivery.scripted import Say, ScriptedServer, Stall
from tests.delivery.sinks import SinkServer
from tests.delivery.test_smtp_matrix import IMPATIENT

Sink = Callable[..., SinkServer]
Scripted = Callable[..., ScriptedServer]
Smtp = Callable[..., SmtpBackend]


def _at(server: SinkServer | ScriptedServer, security: Security = Security.CLEAR) -> Server:
    return Server("127.0.0.1", server.port, security)


def test_accepted_carries_the_last_line_of_the_reply(sink: Sink, smtp: Smtp) -> None:
    server = sink()
    assert list(smtp(_at(server)).send([a_message()])) == [Accepted(250, "2.0.0 Ok: queued as 1")]
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("b+1@bounces.news.test", ["reader1@example.test"])


def test_the_null_sender_is_an_envelope_sender_too(sink: Sink, smtp: Smtp) -> None:
    server = sink()
    list(smtp(_at(server)).send([a_message(sender="")]))
    assert server.mails[0].sender == "<>"


def test_tls_from_the_first_octet(sink: Sink, smtp: Smtp, trusted: Certificates) -> None:
    server = sink(tls=trusted.context())
    outcomes = list(smtp(_at(server, Security.TLS)).send(messages(2)))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert server.session_count == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_nobody_vouches_for_stops_everything(
    security: Security, sink: Sink, smtp: Smtp, certificates: Certificates
) -> None:
    kind = "starttls" if security is Security.STARTTLS else "tls"
    server = sink(**{kind: certificates.context()})
    login = Server("127.0.0.1", server.port, security, "news@news.test", "password")
    first, second = smtp(login).send(messages(2))
    assert isinstance(first, Misconfigured)
    assert first == second
    assert "has a certificate we do not trust: unable to get local issuer" in first.reply
    assert server.mails == []
    assert server.session_count == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_for_another_host_stops_everything(
    security: Security, sink: Sink, smtp: Smtp, trusted: Certificates
) -> None:
    kind = "starttls" if security is Security.STARTTLS else "tls"
    server = sink(**{kind: trusted.context()})
    (outcome,) = smtp(Server("localhost", server.port, security)).send(messages(1))
    assert isinstance(outcome, Misconfigured)
    assert "Hostname mismatch" in outcome.reply
    assert server.mails == []


def test_starttls_never_falls_back(sink: Sink, smtp: Smtp) -> None:
    server = sink()
    (outcome,) = smtp(_at(server, Security.STARTTLS)).send(messages(1))
    assert outcome == Misconfigured(
        0,
        f"smtp+starttls://127.0.0.1:{server.port} offers no STARTTLS, "
        "and we never fall back to plain text",
    )
    assert server.mails == []


def test_what_was_slipped_in_before_tls_is_not_believed(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"STARTTLS": Say(b"220 go\r\n250-scripted.test\r\n250 AUTH PLAIN\r\n")})
    (outcome,) = smtp(_at(server, Security.STARTTLS)).send(messages(1))
    assert isinstance(outcome, Deferred)
    assert "spoke out of turn" in outcome.reply
    assert server.commands[1:] == ["STARTTLS"]


def test_a_handshake_broken_off_is_tried_later(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"STARTTLS": Say(b"220 go\r\n", hang_up=True)})
    (outcome,) = smtp(_at(server, Security.STARTTLS)).send(messages(1))
    assert isinstance(outcome, Deferred)
    assert not outcome.counts


def test_a_handshake_with_a_plain_server_is_a_wrong_setting(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({})
    (outcome,) = smtp(_at(server, Security.TLS)).send(messages(1))
    assert isinstance(outcome, Misconfigured)
    assert "speaks no TLS we can use" in outcome.reply
    assert outcome.reply.endswith("check scheme and port")


def test_a_handshake_without_an_answer_ends_in_time(scripted: Scripted, smtp: Smtp) -> None:
    server = scripted({"banner": Stall()})
    (outcome,) = smtp(_at(server, Security.TLS), timeouts=IMPATIENT).send(messages(1))
    assert isinstance(outcome, Deferred)
    assert "broke off the TLS handshake" in outcome.reply


def test_plain_text_with_a_tls_server_runs_into_the_timeout(
    sink: Sink, smtp: Smtp, trusted: Certificates
) -> None:
    server = sink(tls=trusted.context())
    (outcome,) = smtp(_at(server), timeouts=IMPATIENT).send(messages(1))
    assert isinstance(outcome, Deferred)
    assert "did not answer in time (greeting)" in outcome.reply


def test_delivery_status_options_go_to_a_server_that_knows_them(
    scripted: Scripted, smtp: Smtp
) -> None:
    old, new = scripted({}), scripted({"EHLO": Say(b"250-x\r\n250-SMTPUTF8\r\n250 DSN\r\n")})
    plain, odd = a_message(7, recipient="a+b=c@example.test"), a_message(8, recipient="ü@x.test")
    list(smtp(_at(old)).send([plain]))
    list(smtp(_at(new)).send([plain, odd]))
    assert old.commands[2] == "RCPT TO:<a+b=c@example.test>"
    assert new.commands[1].endswith("> RET=HDRS ENVID=d7")
    notify = "NOTIFY=FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.test"
    assert new.commands[2] == f"RCPT TO:<a+b=c@example.test> {notify}"
    assert new.commands[5] == "RCPT TO:<ü@x.test> NOTIFY=FAILURE"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 No such user", Refused(550, "5.1.1 No such user", suppress=True)),
        ("550 no", Refused(550, "no")),
        ("450 4.2.0 Greylisted", Deferred(450, "4.2.0 Greylisted")),
        ("554 5.7.1 Relay access denied", Misconfigured(554, "5.7.1 Relay access denied")),
    ],
)
def test_one_refused_reader_does_not_stop_the_next(
    answer: str, outcome: object, sink: Sink, smtp: Smtp
) -> None:
    server = sink()
    server.answers["reader1@example.test"] = answer
    first, second = smtp(_at(server)).send(messages(2))
    assert first == outcome
    assert isinstance(second, Accepted)
    assert [mail.recipients for mail in server.mails] == [["reader2@example.test"]]


def test_a_message_beyond_the_servers_size_is_not_sent(sink: Sink, smtp: Smtp) -> None:
    server = sink(size=1_000)
    large = a_message(1, PLAIN + b"x\r\n" * 500)
    first, second = smtp(_at(server)).send([large, a_message(2)])
    assert first == Refused(
        0,
        f"message of {len(large.content)} bytes: smtp://127.0.0.1:{server.port} takes at most 1000",
    )
    assert isinstance(second, Accepted)
    assert server.mails[0].options == [f"SIZE={len(a_message(2).content)}"]


@pytest.mark.parametrize("limit", ["", "0", "9" * 5_000, "-1", "lots"])
def test_a_size_that_says_nothing_limits_nothing(
    limit: str, scripted: Scripted, smtp: Smtp
) -> None:
    server = scripted({"EHLO": Say(f"250-x\r\n250 SIZE {limit}\r\n".encode())})
    assert list(smtp(_at(server)).send([a_message()])) == [Accepted(250, "ok")]


@pytest.mark.parametrize(("flag", "recipient"), [(True, "läser@example.test"), (False, "ü@x.test")])
def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    flag: bool, recipient: str, sink: Sink, smtp: Smtp
) -> None:
    message = a_message(recipient=recipient, needs_smtputf8=flag)
    old, new = sink(), sink(smtputf8=True)
    first, second = smtp(_at(old)).send([message, a_message(2)])
    assert first == Refused(
        0, f"the address needs SMTPUTF8, which smtp://127.0.0.1:{old.port} does not offer"
    )
    assert isinstance(second, Accepted)
    (accepted,) = smtp(_at(new)).send([message])
    assert isinstance(accepted, Accepted)
    assert new.mails[0].recipients == [recipient]
    assert "SMTPUTF8" in new.mails[0].options


def test_eight_bit_content_needs_a_server_that_takes_it(
    sink: Sink, scripted: Scripted, smtp: Smtp
) -> None:
    message = a_message(content="Subject: x\r\n\r\nCafé\r\n".encode())
    old, new = scripted({"EHLO": Say(b"250 x\r\n")}), sink()
    first, second = smtp(_at(old)).send([message, a_message(2)])
    assert isinstance(first, Refused)
    assert "does not offer 8BITMIME" in first.reply
    assert second == Accepted(250, "ok")
    list(smtp(_at(new)).send([message]))
    assert new.mails[0].content == message.content
    assert "BODY=8BITMIME" in new.mails[0].options


@pytest.mark.parametrize(
    "address",
    [
        "a@b.test>\r\nRCPT TO:<c@d.test",
        "a@b.test> SIZE=1",
        "a b@c.test",
        "<a@b.test",
        "a@b.test\x00",
        "a@b.test\x85",
        "a@b\u2028.test",
        "a\ud800@b.test",
        "a" * 255,
    ],
)
def test_an_address_that_would_break_its_command_never_leaves(
    address: str, sink: Sink, smtp: Smtp
) -> None:
    server = sink()
    outcomes = smtp(_at(server)).send(
        [a_message(1, recipient=address), a_message(2, sender=address), a_message(3)]
    )
    refused, misconfigured, accepted = outcomes
    assert isinstance(refused, Refused)
    assert not refused.suppress
    assert isinstance(misconfigured, Misconfigured)
    assert isinstance(accepted, Accepted)
    assert [mail.recipients for mail in server.mails] == [["reader3@example.test"]]


@pytest.mark.parametrize("content", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_no_second_mail_can_be_smuggled(content: bytes, sink: Sink, smtp: Smtp) -> None:
    server = sink()
    (outcome,) = smtp(_at(server)).send([a_message(content=content)])
    assert isinstance(outcome, Refused)
    assert server.mails == []


def test_a_last_line_without_an_end_gets_one(sink: Sink, smtp: Smtp) -> None:
    server = sink()
    list(smtp(_at(server)).send([a_message(content=b"Subject: x\r\n\r\n..")]))
    assert server.mails[0].content == b"Subject: x\r\n\r\n..\r\n"


def test_ehlo_gives_the_name_of_the_settings_or_an_address(sink: Sink, smtp: Smtp) -> None:
    server = sink()
    names: dict[str, Any] = {"helo_name": "news.news.test"}
    list(smtp(_at(server), **names).send([a_message()]))
    list(smtp(_at(server)).send([a_message()]))
    assert server.mails[0].greeted_as == "news.news.test"
    assert "." in server.mails[1].greeted_as
