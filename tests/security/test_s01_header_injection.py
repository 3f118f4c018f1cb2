"""S1: line breaks and control characters in names, subjects and titles make no header."""

import email
import email.policy
from dataclasses import replace

import pytest

from mailer.render.message import build_message
from tests.render.newsroom import (
    NEWSLETTER,
    SIGNER,
    SITE,
    VOCABULARY,
    a_letter,
    a_renderer,
    a_section,
    a_story,
)
from tests.security.mutations import goes_red

_ODD = {
    "CRLF": "News\r\nBcc: all@evil.test",
    "a folded line": "News\r\n X-Evil: yes",
    "LF": "News\nBcc: all@evil.test",
    "CR": "News\rBcc: all@evil.test",
    "line separator": "News\u2028Bcc: all@evil.test",
    "next line": "News\u0085Bcc: all@evil.test",
    "vertical tab": "News\x0bBcc: all@evil.test",
    "NUL": "News\x00Bcc: all@evil.test",
    "C1": "News\x9bBcc: all@evil.test",
    "a body": "News\r\n\r\n<script>alert(1)</script>",
    "an encoded word": "=?utf-8?q?News=0D=0ABcc:_all=40evil.test?=",
    "right to left": "News\u202egro.live@lla",
    "a lone surrogate": "News\ud800Bcc: all@evil.test",
}
_EXPECTED = {
    *("from", "to", "reply-to", "subject", "date", "message-id", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "feedback-id", "precedence", "mime-version", "content-type"),
}


def _check(odd: str) -> None:
    newsletter = replace(NEWSLETTER, name=odd, sender_name=odd)
    stories = a_section(a_story(1, title=odd, summary=odd, byline=odd), a_story(2, title="Good"))
    letter = a_letter(stories, name=odd, newsletter=newsletter)
    mail = a_renderer().render(letter, VOCABULARY)
    content = build_message(letter, replace(mail, subject=odd), SITE, SIGNER)
    head, _, _ = content.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = {line.partition(b":")[0].decode().lower() for line in lines if line[:1] not in b" \t"}
    assert names == _EXPECTED
    assert not any((byte < 32 and byte not in b"\r\n\t") or byte == 127 for byte in head)
    read = email.message_from_bytes(content, policy=email.policy.default)
    for name in ("From", "To", "Subject", "List-Id"):
        shown = str(read[name])
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in shown)
        assert not set(shown) & set("\u2028\u2029\u202e")
    # One odd story does not kill the digest.
    assert "Good" in mail.text


@pytest.mark.parametrize("odd", _ODD.values(), ids=_ODD.keys())
def test_s1_no_text_makes_a_header(odd: str) -> None:
    _check(odd)


@pytest.mark.parametrize("odd", ["CRLF", "LF", "vertical tab", "right to left"])
def test_s1_goes_red_without_clean_header(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_red(
        lambda: _check(_ODD[odd]),
        monkeypatch,
        mailer__render__headers__clean_header=lambda text, limit=200: text,
    )
