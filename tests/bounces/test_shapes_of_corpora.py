"""Shapes that public collections of bounces hold, in our own words: `make corpora` found each."""

import time

import pytest

from mailer.bounces.reading import read_report
from mailer.core.bounces import BounceKind
from tests.bounces.shapes import READER, TO, dsn, mail

K = BounceKind


def letter(subject: str, words: str, *, sender: str = "postmaster@mx.reader.example") -> bytes:
    return mail(f"From: {sender}\nTo: {TO}\nX-Mailer: <SMTP32 v8>\nSubject: {subject}\n\n{words}\n")


def report(fields: str) -> bytes:
    return dsn(
        f"Reporting-MTA: dns; mx.reader.example\n\n{fields}",
        sender="postmaster@mx.reader.example",
        subject="Delivery Report (failure)",
        words="It failed.",
    )


@pytest.mark.parametrize(
    "fields",
    [
        f"Original-Recipient: rfc822; {READER}\nFinal-Recipient: x400; /S=mina/ADMD= /C=GB/",
        f"Original-recipient: rfc822;{READER}\nFinal-recipient: rfc822;mina@store-daemon",
        f"Final-Recipient: rfc822; box7@reader.example\nOriginal-Recipient: rfc822;{READER}",
        f"Original-Recipient: X-LOCAL; box7\nFinal-Recipient: rfc822; {READER}",
    ],
    ids=["x400", "lower-case", "moved-within", "local-original"],
)
def test_the_address_we_wrote_to_is_named_before_where_it_went(fields: str) -> None:
    found = read_report(report(f"{fields}\nAction: failed\nStatus: 5.1.1")).finding
    assert (found.recipient, found.kind) == (READER, K.HARD)


def test_a_report_whose_statuses_were_taken_out_is_still_a_failure() -> None:
    content = mail(f"""
From: <>
To: {TO}
Subject: =?UTF-8?Q?Utilisateur_inconnu?=
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset="utf-8"

A message could not be delivered to:
{READER}
Cette adresse n'existe pas.

--b
Content-Type: message/delivery-status
Reporting-MTA: mx.reader.example

Gone.
--b--
""")
    found = read_report(content).finding
    assert (found.recipient, found.kind) == (READER, K.HARD)


@pytest.mark.parametrize(
    ("subject", "words", "kind"),
    [
        (f"Warning: {READER} - User unknown!", f"{READER} - no such user here.", K.HARD),
        (
            "Undeliverable Mail",
            f"Unknown user: {READER}\n\n553 5.3.0 ... Addressee unknown, relay=[192.0.2.1]",
            K.HARD,
        ),
        (
            "Undeliverable Mail",
            f"undeliverable to {READER}\n\nOriginal message follows.\n\n",
            K.SOFT,
        ),
        (
            "Undeliverable Mail",
            f"Invalid final delivery userid: {READER}\n\nOriginal message follows.\n",
            K.HARD,
        ),
        ("failure notice", f"<{READER}>:\nrelay access denied here\n\n--- Below", K.POLICY),
    ],
)
def test_a_letter_of_no_standard_is_told_by_its_words(
    subject: str, words: str, kind: BounceKind
) -> None:
    assert read_report(letter(subject, words)).finding.kind is kind


@pytest.mark.parametrize(
    "words",
    [
        "Domain does not exist",
        "l'utilisateur indiqué n'existe plus",
        "la dirección no existe",
        "l'indirizzo è sconosciuto",
        "o usuário não existe",
        "Empfänger unbekannt",
        "该用户不存在",
        "그 주소는 존재하지 않는 주소입니다",
        "такой адрес не существует",
    ],
)
def test_nobody_there_is_understood_in_the_languages_of_mail_servers(words: str) -> None:
    fields = f"Final-Recipient: rfc822; {READER}\nAction: error\nStatus: 5.0.0"
    content = report(f"{fields}\nDiagnostic-Code: smtp; 550 {words}")
    assert read_report(content).finding.kind is K.HARD


def test_a_failure_that_names_nobody_counts_softly_and_is_never_hard() -> None:
    machine = f"""
From: ndr@mx.reader.example
To: {TO}
Subject: Mail delivery failed: returning message to sender
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain

One or more of the recipients are not a valid user of the system.

--b
Content-Type: message/rfc822

Subject: Asia Today

Hello.
--b--
"""
    found = read_report(mail(machine)).finding
    assert (found.kind, found.recipient) == (K.SOFT, "")
    late = machine.replace("are not a valid user of the system", "is delayed: will be retried")
    assert read_report(mail(late)).finding.kind is K.DELAYED
    person = letter("Re: Mail delivery failed", "Did you get it?", sender="mina@reader.example")
    assert read_report(person).finding.kind is K.ORDINARY


def test_empty_lines_without_end_are_read_at_once() -> None:
    content = letter("failure notice", "\n" * 30_000 + "\n> Message-ID:\n>  <a@news.example>")
    began = time.process_time()
    assert read_report(content).message_ids == ("<a@news.example>",)
    assert time.process_time() - began < 2.0  # It took seven seconds, once for each such part.
