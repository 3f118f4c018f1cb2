"""Reports of many mail systems, read for what they say and what they prove."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.reading import read_report
from mailer.core.bounces import BounceKind
from tests.bounces import shapes
from tests.bounces.shapes import MESSAGE_ID, READER, TO, postfix

K = BounceKind


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (postfix("5.1.1", f"550 5.1.1 <{READER}>: Recipient address rejected"), K.HARD, "5.1.1"),
        (shapes.sendmail(), K.HARD, "5.1.1"),
        (shapes.exchange(), K.HARD, "5.1.10"),
        (shapes.gmail(), K.HARD, "5.2.1"),
        (shapes.exim(), K.HARD, "5.1.1"),
        (shapes.qmail(), K.HARD, "5.1.1"),
        (shapes.in_base64(), K.HARD, "5.1.1"),
    ],
    ids=["postfix", "sendmail", "exchange", "gmail", "exim", "qmail", "base64"],
)
def test_a_dead_address_is_told_by_every_system(
    content: bytes, kind: BounceKind, status: str
) -> None:
    report = read_report(content)
    assert report.finding.kind is kind
    assert report.finding.status == status
    assert report.finding.recipient == READER
    assert report.addresses[0] == TO
    assert MESSAGE_ID in report.message_ids
    assert "<report-1@mx.reader.example>" not in report.message_ids


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.2.2", "552 5.2.2 mailbox full", K.SOFT),
        ("5.0.0", "550 Requested action not taken: mailbox full", K.SOFT),
        ("4.2.2", "452 4.2.2 over quota", K.SOFT),
        ("4.4.7", "delivery time expired", K.SOFT),
        ("5.4.4", "unable to look up host reader.example", K.SOFT),
        ("5.7.1", "550 5.7.1 message rejected as spam", K.POLICY),
        ("5.7.26", "550-5.7.26 unauthenticated mail is blocked", K.POLICY),
        ("5.7.515", "550 5.7.515 Access denied", K.POLICY),
        ("5.3.4", "552 5.3.4 message too big", K.POLICY),
        ("5.6.0", "554 5.6.0 malformed", K.POLICY),
        ("5.1.8", "553 5.1.8 sender domain does not exist", K.POLICY),
        ("5.1.1", "550 5.1.1 blocked: listed on a blocklist", K.POLICY),
        ("5.0.0", "550 5.1.1 no such user", K.HARD),
        ("5.0.0", "550 user unknown", K.HARD),
        ("5.0.0", "554 delivery error: This user doesn't have a mail.example account", K.HARD),
        ("5.7.1", "550 5.7.1 unknown recipient", K.HARD),
        ("5.0.0", "554 transaction failed", K.SOFT),
        ("5.0.0", "550 blocked by policy", K.POLICY),
    ],
)
def test_codes_and_words_make_the_kind(status: str, said: str, kind: BounceKind) -> None:
    assert read_report(postfix(status, said)).finding.kind is kind


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("delayed", K.DELAYED),
        ("delivered", K.ORDINARY),
        ("relayed", K.ORDINARY),
        ("expanded", K.ORDINARY),
        ("failed", K.HARD),
    ],
)
def test_only_a_failure_is_one(action: str, kind: BounceKind) -> None:
    assert read_report(postfix("5.1.1", "550 5.1.1 no", action)).finding.kind is kind


def test_an_address_for_several_works_while_one_of_them_does() -> None:
    two = postfix("5.1.1", "550 5.1.1 no such user").replace(
        b"--b1\r\nContent-Type: message/rfc822",
        b"Final-Recipient: rfc822; other@reader.example\r\nAction: failed\r\nStatus: 4.2.2\r\n\r\n"
        b"--b1\r\nContent-Type: message/rfc822",
    )
    assert read_report(two).finding.kind is K.SOFT


@pytest.mark.parametrize(
    ("feedback", "kind"),
    [
        ("abuse", K.COMPLAINT),
        ("fraud", K.COMPLAINT),
        ("ABUSE", K.COMPLAINT),
        ("not-spam", K.ORDINARY),
        ("auth-failure", K.ORDINARY),
    ],
)
def test_a_complaint_is_told_by_its_type(feedback: str, kind: BounceKind) -> None:
    report = read_report(shapes.arf(feedback))
    assert report.finding.kind is kind
    assert report.finding.recipient == READER
    assert report.addresses == (TO,)
    assert report.message_ids == (MESSAGE_ID,)


def test_a_complaint_of_outlook_is_one() -> None:
    report = read_report(shapes.outlook_complaint())
    assert report.finding.kind is K.COMPLAINT
    assert report.message_ids == (MESSAGE_ID,)


@pytest.mark.parametrize(
    ("subject", "header"),
    [
        ("Re: Asia Today", "Auto-Submitted: auto-replied"),
        ("Automatic reply: Asia Today", "X-Auto-Response-Suppress: All"),
        ("Out of Office", "Precedence: bulk"),
        ("부재중 자동 응답", "X-Mailer: x"),
        ("Re: Asia Today", "X-Autoreply: yes"),
        ("Re: Asia Today", "Precedence: auto_reply"),
    ],
)
def test_an_auto_reply_is_no_bounce(subject: str, header: str) -> None:
    assert read_report(shapes.away(subject, header)).finding.kind is K.AUTO_REPLY


def test_a_persons_answer_is_ordinary_mail() -> None:
    assert read_report(shapes.away("Re: Asia Today", "X-Mailer: pen")).finding.kind is K.ORDINARY


def test_the_same_report_is_named_the_same_whoever_fetched_it() -> None:
    once = shapes.sendmail()
    fetched = b"Delivered-To: fbl@news.example\r\nReceived: by x\r\n" + once
    assert read_report(once).evidence == read_report(fetched).evidence
    assert read_report(once).evidence == read_report(once.replace(b"\r\n", b"\n")).evidence
    assert read_report(once).evidence != read_report(shapes.exchange()).evidence


def nested(depth: int) -> bytes:
    boundaries = "".join(
        f'Content-Type: multipart/mixed; boundary="x{n}"\n\n--x{n}\n' for n in range(depth)
    )
    return f"Subject: failure notice\nFrom: MAILER-DAEMON\n{boundaries}\nend".encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"\xff" * 1000,
        b"Content-Type: multipart/report; boundary=" + b"x" * 5000,
        b"Content-Type: multipart/report; report-type=delivery-status\n\nx",
        b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: " + b"\xe9" * 9000,
        b"Content-Type: message/delivery-status\n\nStatus: 5.99999999.1\nAction:\n",
        (
            b"From: MAILER-DAEMON\nSubject: =?utf-8?b?!!!?= failure\n"
            b"Content-Type: text/plain; charset=nonsense\n\n<a@b>: no"
        ),
        b"From: MAILER-DAEMON\nSubject: failure\n\n" + b"<" * 200_000,
        b"From: MAILER-DAEMON\nSubject: failure\n\n" + b"a@" * 100_000,
        b"Subject: failed\nContent-Type: text/html\n\n" + b"<" * 400_000,
        b"Content-Type: message/rfc822\n\n" * 300,
        nested(40),
        nested(2000),
        b"Subject: x\n" + b"To: " + b"a+1.abcdefghijklmnop@" * 20_000,
    ],
    ids=range(15),
)
def test_whatever_comes_is_read_in_time_and_counts_for_nothing(content: bytes) -> None:
    started = time.process_time()
    report = read_report(content)
    assert report.finding.kind not in (K.HARD, K.COMPLAINT)
    assert time.process_time() - started < 5.0  # T10: no hang; it takes milliseconds.


@given(
    st.sampled_from([shapes.sendmail(), shapes.exim(), shapes.arf(), shapes.in_base64()]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=8)), max_size=8),
)
def test_a_broken_report_breaks_nothing(content: bytes, cuts: list[tuple[int, bytes]]) -> None:
    for at, noise in cuts:
        content = content[:at] + noise + content[at + len(noise) // 2 :]
    report = read_report(content)
    assert "\n" not in report.finding.recipient + report.finding.diagnostic + report.reporter


def test_a_report_in_an_unknown_language_still_names_its_mail() -> None:
    words = base64.b64encode("您的邮件无法送达".encode()).decode()
    report = read_report(
        shapes.mail(
            f"From: MAILER-DAEMON@qq.example\nTo: {TO}\nSubject: =?utf-8?b?{words}?=\n\n{words}\n"
        )
    )
    assert report.addresses == (TO,)
