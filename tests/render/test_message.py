"""Whole messages, looked at as raw bytes and as other programs read them."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat
from mailer.core.tokens import Purpose, Signer
from mailer.errors import InputError, RenderError
from mailer.render.mail import Mail
from mailer.render.message import build_message
from mailer.render.site import Site
from tests.render.newsroom import (
    AS_OF,
    NEWSLETTER,
    SIGNER,
    SITE,
    VOCABULARY,
    a_letter,
    a_renderer,
    a_section,
    a_story,
)

MAIL = Mail("A subject", "", "Text.\n", "<!DOCTYPE html>\n<html><body><p>Text.</p></body></html>\n")
LINES_AND_CONTROLS = st.text(max_size=300) | st.text(
    '\r\n\t\x00\x1b=?"\\<>,;@() aé字👩', max_size=120
)


def build(letter: Letter | None = None, mail: Mail = MAIL, signer: Signer = SIGNER) -> bytes:
    return build_message(letter or a_letter(), mail, SITE, signer)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def contents(message: EmailMessage) -> list[str]:
    """The texts of all parts, as a program with LF line ends sees them."""
    parts = list(message.iter_parts()) or [message]
    return [str(part.get_content()).replace("\r\n", "\n") for part in parts]


def head(content: bytes) -> bytes:
    return content.partition(b"\r\n\r\n")[0]


def raw(content: bytes, name: str) -> str:
    """The one field of this name, unfolded, as it is on the wire."""
    unfolded = head(content).replace(b"\r\n ", b" ").decode("utf-8")
    found = [line for line in unfolded.split("\r\n") if line.lower().startswith(f"{name}:".lower())]
    assert len(found) == 1, f"{name} stands {len(found)} times"
    return found[0].partition(": ")[2]


def assert_legal(content: bytes) -> None:
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")
    assert content.isascii()
    assert b"\x00" not in content
    header, _, body = content.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in header.split(b"\r\n"))
    assert all(re.match(rb"[A-Za-z-]+: \S| \S", line) for line in header.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))


def test_a_digest_carries_what_bulk_mail_must() -> None:
    content = build()
    assert_legal(content)
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, 21)
    assert raw(content, "From") == "The Meridian Desk <daily@meridian.example>"
    assert raw(content, "To") == "Mina Park <mina.park@example.org>"
    assert raw(content, "Reply-To") == "editors@meridian.example"
    assert raw(content, "Subject") == "A subject"
    assert raw(content, "Date") == "Wed, 21 Oct 2026 22:00:00 +0000"
    assert raw(content, "Message-ID") == "<60a9315c1e7118d5d3a1951950149066@meridian.example>"
    assert raw(content, "List-Id") == "The Meridian Daily <asia-daily.meridian.example>"
    assert raw(content, "List-Unsubscribe") == f"<https://meridian.example/unsubscribe/{token}>"
    assert raw(content, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert raw(content, "Feedback-ID") == "n-asia-daily:c-daily:k-digest:meridianexample"
    assert raw(content, "Precedence") == "bulk"
    assert raw(content, "MIME-Version") == "1.0"
    assert b"Auto-Submitted" not in content


def test_an_alert_says_that_a_program_wrote_it() -> None:
    content = build(a_letter(cadence=Cadence.INSTANT))
    assert raw(content, "Auto-Submitted") == "auto-generated"
    assert b"Precedence" not in content


def test_text_comes_first_and_both_parts_are_quoted_printable() -> None:
    message = read(build())
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert {part["content-transfer-encoding"] for part in parts} == {"quoted-printable"}
    assert {part.get_content_charset() for part in parts} == {"utf-8"}
    assert contents(read(build())) == [MAIL.text, MAIL.html]


def test_a_reader_of_text_gets_one_part() -> None:
    message = read(build(a_letter(format=MailFormat.TEXT), replace(MAIL, html="")))
    assert message.get_content_type() == "text/plain"
    assert contents(message) == [MAIL.text]


def test_what_was_rendered_arrives() -> None:
    story = a_story(1, title="Mina’s 字 & <b> 👩\u200d👧", summary=".\r\n..\r\nFrom here = there ")
    letter = a_letter(a_section(story))
    mail = a_renderer().render(letter, VOCABULARY)
    assert contents(read(build(letter, mail))) == [mail.text, mail.html.rstrip("\n") + "\n"]


def test_equal_letters_are_equal_bytes() -> None:
    def built() -> bytes:
        letter = a_letter(a_section(a_story(1), a_story(2)))
        return build(letter, a_renderer().render(letter, VOCABULARY))

    assert built() == built()


def test_the_boundary_is_the_letters_own_and_in_no_part() -> None:
    one, other = build(), build(a_letter(key="another"))
    assert read(one).get_boundary() != read(other).get_boundary()
    assert len(str(read(one).get_boundary())) <= 70
    # Quoted-printable never writes "=_".
    tricky = replace(MAIL, text=f"--{read(one).get_boundary()}\n")
    assert contents(read(build(mail=tricky)))[0] == tricky.text


def test_a_lone_dot_and_odd_line_ends_do_not_end_the_message() -> None:
    content = build(mail=replace(MAIL, text="a\n.\nb\r\n.\r\nc\r.\rd\n"))
    assert_legal(content)
    assert b"\r\n.\r\n" not in content
    assert contents(read(content))[0] == "a\n.\nb\n.\nc\n.\nd\n"


@given(subject=LINES_AND_CONTROLS, name=LINES_AND_CONTROLS, sender=LINES_AND_CONTROLS)
def test_no_subject_or_name_breaks_a_header(subject: str, name: str, sender: str) -> None:
    letter = a_letter(
        name=name, newsletter=replace(NEWSLETTER, sender_name=sender, name=sender or "x")
    )
    wanted_subject = clean_header(subject) or "x"
    content = build(letter, replace(MAIL, subject=wanted_subject))
    assert_legal(content)
    message = read(content)
    assert str(message["subject"]).split() == wanted_subject.split()
    for field, wanted, address in (
        ("to", name, "mina.park@example.org"),
        ("from", sender, "daily@meridian.example"),
    ):
        (mailbox,) = message[field].addresses
        assert mailbox.addr_spec == address
        # The parser of Python 3.11 leaves the space between two encoded words standing.
        shown = "".join(mailbox.display_name.split())
        assert shown == "".join(clean_header(wanted, 80).split())
    assert message["list-id"].endswith("<asia-daily.meridian.example>")


@given(length=st.integers(1, 800))
def test_one_click_survives_tokens_of_any_length(length: int) -> None:
    class Verbose(Signer):
        def sign(self, purpose: Purpose, *parts: int | str) -> str:
            return "t" * length

    content = build(signer=Verbose(("x",)))
    assert_legal(content)
    line = f"List-Unsubscribe: <https://meridian.example/unsubscribe/{'t' * length}>\r\n"
    assert line.encode() in content


@pytest.mark.parametrize(
    ("changes", "field", "written"),
    [
        ({"email": "lea@bücher.example", "name": ""}, "To", "lea@xn--bcher-kva.example"),
        ({"email": "mina+asia@example.org", "name": ""}, "To", "mina+asia@example.org"),
        ({"name": "Park, Mina"}, "To", '"Park, Mina" <mina.park@example.org>'),
        ({"name": 'Mina "M" \\'}, "To", '"Mina \\"M\\" \\\\" <mina.park@example.org>'),
        (
            {"name": "=?utf-8?q?Boss?="},
            "To",
            "=?utf-8?b?PT91dGYtOD9xP0Jvc3M/PQ==?= <mina.park@example.org>",
        ),
        ({"message_id": "<a@bücher.example>"}, "Message-ID", "<a@xn--bcher-kva.example>"),
    ],
)
def test_addresses_are_written_as_servers_read_them(
    changes: dict[str, Any], field: str, written: str
) -> None:
    content = build(a_letter(**changes))
    assert_legal(content)
    assert raw(content, field) == written


def test_an_address_beyond_ascii_is_written_in_utf8() -> None:
    content = build(a_letter(email="김서연@example.org", name="김서연"))
    assert raw(content, "To").endswith("<김서연@example.org>")
    assert raw(content, "Subject").isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


def test_a_site_with_a_name_of_another_script_is_written_in_ascii() -> None:
    site = Site("Bücher", "https://bücher.example:8443", "A street")
    letter = a_letter(newsletter=replace(NEWSLETTER, slug="아시아"))
    content = build_message(letter, MAIL, site, SIGNER)
    assert_legal(content)
    assert raw(content, "List-Unsubscribe").startswith("<https://xn--bcher-kva.example:8443/uns")
    assert re.search(r"<l[0-9a-f]{16}\.xn--bcher-kva\.example>$", raw(content, "List-Id"))


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"email": "nobody"}, InputError, "not a mail address: 'nobody'"),
        ({"message_id": "<a b@c>"}, RenderError, "is not a Message-ID"),
        ({"message_id": "<a@c>\r\nBcc: <x@y.example>"}, RenderError, "is not a Message-ID"),
        (
            {"newsletter": replace(NEWSLETTER, sender_address="표@meridian.example")},
            RenderError,
            "letters outside ASCII before its @",
        ),
        ({"newsletter": replace(NEWSLETTER, reply_to="x")}, InputError, "not a mail address: 'x'"),
    ],
)
def test_what_cannot_be_written_is_said(
    changes: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=re.escape(told)):
        build(a_letter(**changes))


def test_a_header_no_server_need_take_is_refused() -> None:
    site = replace(SITE, public_url=f"https://meridian.example/{'long' * 300}")
    with pytest.raises(RenderError, match="List-Unsubscribe cannot be written"):
        build_message(a_letter(), MAIL, site, SIGNER)


def test_no_reply_to_is_no_header() -> None:
    assert b"Reply-To" not in build(a_letter(newsletter=replace(NEWSLETTER, reply_to="")))


def test_the_date_is_the_moment_the_run_looked_at() -> None:
    later = build(a_letter(as_of=AS_OF + timedelta(days=1)))
    assert raw(later, "Date") == "Thu, 22 Oct 2026 22:00:00 +0000"
