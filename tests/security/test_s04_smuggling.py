"""S4: no content ends an SMTP dialogue early, however a server reads line ends (CVE-2024-27305)."""

from collections.abc import Iterator

import pytest

from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server
from mailer.ports import Accepted, Message
from mailer.render.message import build_message
from tests.delivery.messages import a_message
from tests.delivery.sinks import SinkServer
from tests.render.newsroom import (
    SIGNER,
    SITE,
    VOCABULARY,
    a_letter,
    a_renderer,
    a_section,
    a_story,
)
from tests.security.mutations import goes_red

_BREAKS = ("\r\n", "\n", "\r", "\n\r", "\r\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
_SMUGGLED = [f"x{one}.{two}MAIL FROM:<e@evil.test>{two}" for one in _BREAKS for two in _BREAKS]


@pytest.fixture
def sink() -> Iterator[SinkServer]:
    server = SinkServer()
    yield server
    server.stop()


def _send(sink: SinkServer, *messages: Message) -> list[bytes]:
    """Send and return what arrived; what is refused does not."""
    backend = SmtpBackend([Server("127.0.0.1", sink.port)])
    sink.mails.clear()
    outcomes = list(backend.send(messages))
    backend.close()
    assert len(sink.mails) == sum(isinstance(outcome, Accepted) for outcome in outcomes)
    return [mail.content for mail in sink.mails]


def _check_letters(sink: SinkServer) -> None:
    """Stories with every kind of smuggled line end: they arrive, one mail, the bytes we wrote."""
    stories = [
        a_story(number, title=f"T {text}", summary=text) for number, text in enumerate(_SMUGGLED, 1)
    ]
    letter = a_letter(a_section(*stories))
    content = build_message(letter, a_renderer().render(letter, VOCABULARY), SITE, SIGNER)
    assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")
    assert b"\r\n.\r\n" not in content
    assert _send(sink, a_message(1, content)) == [content]


def _check_bytes(sink: SinkServer) -> None:
    """The same as raw bytes, from whatever hands us a message."""
    contents = [b"Subject: x\r\n\r\n" + text.encode() + b"\r\n" for text in _SMUGGLED]
    arrived = _send(sink, *(a_message(n, content) for n, content in enumerate(contents)))
    assert arrived
    assert all(content in contents for content in arrived)
    assert not any(b"\r\n.\r\n" in content and content not in contents for content in arrived)


def test_s4_stories_cannot_smuggle(sink: SinkServer) -> None:
    _check_letters(sink)


def test_s4_no_bytes_can_smuggle(sink: SinkServer) -> None:
    _check_bytes(sink)


def test_s4_goes_red_without_dot_stuffing(
    sink: SinkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_red(
        lambda: _check_bytes(sink),
        monkeypatch,
        mailer__delivery__smtp_flight__dot_stuffed=lambda content: content + b".\r\n",
    )


def test_s4_goes_red_without_the_refusal_of_bare_line_ends(
    sink: SinkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        bare = a_message(1, b"Subject: x\r\n\r\nx\n.\r\nMAIL FROM:<e@evil.test>\r\n")
        assert _send(sink, bare) == []

    check()
    goes_red(check, monkeypatch, mailer__delivery__wire__bare_line_end=lambda content: None)
