"""The console backend: what a person sees, and what cannot reach her terminal."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery import open_backend
from mailer.delivery.console import ConsoleBackend
from mailer.ports import Accepted, BackendOptions, Misconfigured
from tests.delivery.messages import HOSTILE, SMUGGLED, a_message, messages

_DIGEST = b"""\
From: =?utf-8?q?The_Newsroom_=E2=9C=89?= <news@news.test>\r
To: reader1@example.test\r
Subject: =?utf-8?b?6YCx5YiK?= =?utf-8?q?_and_more?=\r
List-Unsubscribe: <https://news.test/u/abc>,\r
 <mailto:u@news.test>\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Caf=C3=A9 =E2=80=93 one story\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<p>One <b>story</b></p>\r
--b--\r
"""

_SHOWN = """\
══════════════════════════════════════════════════════════════════════════════
Subject  週刊 and more
From     The Newsroom ✉ <news@news.test>
To       reader1@example.test
Envelope <b+1@bounces.news.test> to <reader1@example.test>
Size     482 bytes
══════════════════════════════════════════════════════════════════════════════
From: The Newsroom ✉ <news@news.test>
To: reader1@example.test
Subject: 週刊 and more
List-Unsubscribe: <https://news.test/u/abc>, <mailto:u@news.test>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"
── text ──────────────────────────────────────────────────────────────────────
Café – one story
── html ──────────────────────────────────────────────────────────────────────
drawn: <p>One <b>story</b></p>
══════════════════════════════════════════════════════════════════════════════

"""


class _Screen(io.StringIO):
    """A stream that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str, /) -> int:
        self.writes.append(text)
        return len(text)


def _shown(content: bytes) -> str:
    screen = _Screen()
    (outcome,) = ConsoleBackend(screen, lambda html: html).send([a_message(content=content)])
    assert isinstance(outcome, Accepted)
    (text,) = screen.writes
    return text


def test_a_digest_is_shown_whole_in_one_write() -> None:
    screen = _Screen()
    backend = ConsoleBackend(screen, lambda html: f"drawn: {html}")
    assert list(backend.send([a_message(content=_DIGEST)])) == [
        Accepted(250, "shown on the console")
    ]
    assert screen.writes == [_SHOWN]


def test_the_html_is_drawn_as_wide_as_the_options_say() -> None:
    screen = io.StringIO()
    options = BackendOptions(
        stream=screen, html_width=40, draw_html=lambda html, width: f"{width} columns"
    )
    list(open_backend("console", options).send([a_message(content=_DIGEST)]))
    assert "40 columns" in screen.getvalue()


@pytest.mark.parametrize("width", [0, 78])
def test_without_a_drawer_or_a_width_the_html_is_only_named(width: int) -> None:
    screen = io.StringIO()
    draw = (lambda html, width: html) if width == 0 else None
    options = BackendOptions(stream=screen, html_width=width, draw_html=draw)
    list(open_backend("console", options).send([a_message(content=_DIGEST)]))
    assert "(23 characters of HTML)" in screen.getvalue()
    assert "<b>" not in screen.getvalue()


def test_a_drawer_that_fails_costs_only_the_drawing() -> None:
    def draw(html: str) -> str:
        raise RuntimeError("no idea\x1b[2J")

    screen = io.StringIO()
    list(ConsoleBackend(screen, draw).send([a_message(content=_DIGEST)]))
    assert "(HTML that cannot be drawn: RuntimeError: no idea[2J)" in screen.getvalue()
    assert "Café" in screen.getvalue()


@pytest.mark.parametrize("content", [*HOSTILE.values(), *SMUGGLED.values()])
def test_no_control_character_reaches_the_terminal(content: bytes) -> None:
    text = _shown(content)
    assert not {
        character for character in text if character < " " or "\x7f" <= character < "\xa0"
    } - {"\n"}


def test_escape_sequences_are_shown_instead_of_obeyed() -> None:
    assert r"\x1b[2J\x1b[31mred" in _shown(HOSTILE["escape sequences"])


def test_what_a_drawer_gives_cannot_steer_the_terminal_either() -> None:
    screen = io.StringIO()
    list(ConsoleBackend(screen, lambda html: "\x1b[2J").send([a_message(content=_DIGEST)]))
    assert "\x1b" not in screen.getvalue()


def test_a_message_nested_past_the_parser_is_shown_as_it_came() -> None:
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"\x1b[2Jdeep\r\n"
    assert r"\x1b[2Jdeep" in _shown(nested)


@given(st.binary(max_size=200), st.sampled_from([*HOSTILE.values(), _DIGEST]))
def test_no_content_makes_it_fail(octets: bytes, around: bytes) -> None:
    middle = len(around) // 2
    assert _shown(around[:middle] + octets + around[middle:])


def test_a_stream_of_few_letters_gets_escapes() -> None:
    octets = io.BytesIO()
    screen = io.TextIOWrapper(octets, encoding="ascii")
    (outcome,) = ConsoleBackend(screen).send([a_message(content=_DIGEST)])
    assert isinstance(outcome, Accepted)
    assert rb"Caf\xe9" in octets.getvalue()


def test_standard_output_is_looked_up_when_a_message_comes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list(ConsoleBackend(None).send([a_message()]))
    assert "Subject  Hello" in capsys.readouterr().out


def test_a_stream_that_cannot_be_written_is_our_fault(tmp_path: Path) -> None:
    screen = io.StringIO()
    screen.close()
    (outcome,) = ConsoleBackend(screen).send([a_message()])
    assert isinstance(outcome, Misconfigured)
    assert "closed file" in outcome.reply


def test_threads_do_not_mix_their_messages() -> None:
    screen = _Screen()
    backend = ConsoleBackend(screen)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda message: list(backend.send([message])), messages(40)))
    assert len(screen.writes) == 40
