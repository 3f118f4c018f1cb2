"""A look at a mail server: what works is said, what does not has its mend, and nothing is sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mailer.core.findings import Finding, Level
from mailer.delivery.smtp_probe import probe_smtp
from tests.delivery.certificates import Certificates
from tests.delivery.scripted import Say, ScriptedServer
from tests.delivery.sinks import SinkServer

Sink = Callable[..., SinkServer]


# The certificates of these tests end tomorrow.
_NOW = datetime.now(UTC)
_MONTH_AGO = _NOW - timedelta(days=30)


def _probe(url: str, sender: str = "news@news.test", now: datetime = _NOW) -> list[Finding]:
    patience = timedelta(seconds=2)
    return list(probe_smtp(url, sender, now=lambda: now, patience=patience))


def _failure(found: list[Finding]) -> Finding:
    (failed,) = [finding for finding in found if finding.level is Level.FAIL]
    assert failed.mend
    return failed


def test_a_plain_server_answers_and_gets_no_mail(sink: Sink) -> None:
    server = sink()
    found = _probe(f"smtp://127.0.0.1:{server.port}")
    assert {finding.level for finding in found} == {Level.OK}
    assert "8BITMIME" in found[0].found
    assert "takes mail from 'news@news.test' (nothing was sent)" in found[1].found
    assert server.mails == []


def test_tls_and_login_are_seen_to_work(sink: Sink, trusted: Certificates) -> None:
    server = sink(starttls=trusted.context(), login=("user", "password"))
    found = _probe(f"smtp+starttls://user:password@127.0.0.1:{server.port}", now=_MONTH_AGO)
    said = " | ".join(finding.found for finding in found)
    assert {finding.level for finding in found} == {Level.OK}
    assert "TLSv1.3, its certificate is trusted until" in said
    assert "login as 'user' works" in said


def test_a_certificate_that_ends_soon_is_a_warning(sink: Sink, trusted: Certificates) -> None:
    server = sink(tls=trusted.context())
    url = f"smtps://127.0.0.1:{server.port}"
    assert all(finding.level is Level.OK for finding in _probe(url, now=_MONTH_AGO))
    (warned,) = [finding for finding in _probe(url) if finding.level is Level.WARN]
    assert "ends on" in warned.found


def test_a_wrong_password_is_named_without_the_password(sink: Sink, trusted: Certificates) -> None:
    server = sink(starttls=trusted.context(), login=("user", "password"))
    failed = _failure(_probe(f"smtp+starttls://user:hunter2@127.0.0.1:{server.port}"))
    assert "AUTH: 535" in failed.found
    assert "password" in failed.mend
    assert "hunter2" not in failed.found + failed.mend
    assert not failed.away


def test_a_certificate_nobody_trusts_is_named(sink: Sink, certificates: Certificates) -> None:
    server = sink(tls=certificates.context())
    failed = _failure(_probe(f"smtps://127.0.0.1:{server.port}"))
    assert "certificate we do not trust" in failed.found
    assert "SSL_CERT_FILE" in failed.found


def test_a_server_without_starttls_is_never_used_in_clear(sink: Sink) -> None:
    failed = _failure(_probe(f"smtp+starttls://127.0.0.1:{sink().port}"))
    assert "STARTTLS" in failed.found


def test_tls_spoken_to_a_port_that_does_not_is_named(sink: Sink) -> None:
    failed = _failure(_probe(f"smtps://127.0.0.1:{sink().port}"))
    assert "scheme and port" in failed.found or "TLS" in failed.found


def test_nobody_there_is_away() -> None:
    failed = _failure(_probe("smtp://127.0.0.1:1"))
    assert failed.away
    assert "cannot be reached" in failed.found


@pytest.mark.parametrize("answer", ["550 5.7.1 sender not verified", "530 5.7.0 login first"])
def test_a_sender_that_is_not_taken_is_named(
    scripted: Callable[..., ScriptedServer], answer: str
) -> None:
    server = scripted({"MAIL": Say(f"{answer}\r\n".encode())})
    failed = _failure(_probe(f"smtp://127.0.0.1:{server.port}"))
    assert answer.partition(" ")[0] in failed.found
    assert "news@news.test" in failed.found


def test_a_url_that_cannot_be_read_says_so() -> None:
    assert "unknown SMTP scheme" in _failure(_probe("stmp://localhost")).found


def test_mail_in_clear_over_a_network_is_a_warning(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sink()
    # The name of another machine, which here happens to be this one.
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda host, port, *rest: [(2, 1, 6, "", ("127.0.0.1", server.port))]
    )
    found = _probe(f"smtp://relay.test:{server.port}")
    (warned,) = [finding for finding in found if finding.level is Level.WARN]
    assert "in clear" in warned.found
