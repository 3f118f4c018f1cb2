"""S2: our own structured headers arrive as they are, however long their links."""

from dataclasses import replace

import pytest

from mailer.render.message import build_message
from tests.render.newsroom import SIGNER, SITE, VOCABULARY, a_letter, a_renderer
from tests.security.mutations import goes_red

_LENGTHS = [1, 10, 40, 77, 78, 79, 100, 200, 400, 800]


def _check(length: int) -> None:
    site = replace(SITE, public_url=f"https://meridian.example/{'p' * length}")
    letter = a_letter()
    mail = a_renderer().render(letter, VOCABULARY)
    head = build_message(letter, mail, site, SIGNER).partition(b"\r\n\r\n")[0]
    # Lines as a mail program unfolds them: RFC 5322 section 2.2.3.
    fields = dict(
        line.split(b": ", 1) for line in head.replace(b"\r\n ", b" ").split(b"\r\n") if line
    )
    link = fields[b"List-Unsubscribe"]
    assert link.startswith(f"<https://meridian.example/{'p' * length}/unsubscribe/".encode())
    assert link.endswith(b">")
    assert not set(link) & set(b' \t"')
    assert fields[b"List-Unsubscribe-Post"] == b"List-Unsubscribe=One-Click"
    assert fields[b"List-Id"].endswith(b"<asia-daily.meridian.example>")
    assert fields[b"Message-ID"] == letter.message_id.encode()
    assert fields[b"Feedback-ID"].startswith(b"n-asia-daily:c-daily:k-digest:")
    assert b"=?" not in b"".join(
        fields[name] for name in (b"List-Unsubscribe", b"List-Id", b"Message-ID", b"Feedback-ID")
    )
    assert max(map(len, head.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("length", _LENGTHS)
def test_s2_structured_headers_arrive_as_they_are(length: int) -> None:
    _check(length)


def test_s2_goes_red_with_the_folding_of_the_standard_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_red(
        lambda: _check(100),
        monkeypatch,
        mailer__render__message__set_field=lambda message, name, value: message.__setitem__(
            name, value
        ),
    )
