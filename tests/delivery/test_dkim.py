"""DKIM: an independent verifier finds whole what we sign, and finds out what was changed."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import dkim
import pytest

from mailer.delivery.dkim import DkimSigner, SigningBackend, read_dkim_signer
from mailer.delivery.dkim_keys import new_dkim_key, read_dkim_keys
from mailer.delivery.memory import MemoryBackend
from mailer.errors import BackendError
from mailer.ports import Accepted, Message, Misconfigured
from tests.delivery.messages import a_message, messages

_MAIL = (
    b"From: The Newsroom <news@news.test>\r\n"
    b"To: =?utf-8?b?TWluYQ==?= <mina@example.test>\r\n"
    b"Subject: Seoul  and\r\n\tPyongyang\r\n"
    b"Date: Thu, 22 Oct 2026 07:00:00 +0900\r\n"
    b"Message-ID: <1@news.test>\r\n"
    b"List-Unsubscribe: <https://news.test/unsubscribe/abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Feedback-ID: a:b:c:news\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"\r\n"
    b"Talks  resume. \t\r\n\r\nMore\tbelow.\r\n\r\n\r\n"
)


@cache
def signer() -> DkimSigner:
    """One signer with a key of each kind; keys take a moment to make."""
    pem = new_dkim_key() + new_dkim_key(ed25519=True)
    made = read_dkim_signer("news.test", "rsa1, ed1", pem)
    assert made is not None
    return made


def dns(of: DkimSigner) -> Callable[..., bytes]:
    """Answer as DNS would when the operator published what 'mailer dkim show' prints."""
    records = {
        f"{key.dns_name(domain)}.": key.record.encode() for domain in of.domains for key in of.keys
    }
    return lambda name, timeout=5: records.get(name.decode(), b"")


def verified(content: bytes, of: DkimSigner | None = None) -> list[bool]:
    """Return the verdict on each signature of a message."""
    of = of or signer()
    # A last line without its end gets one on the way: the final dot needs it.
    content += b"" if content.endswith(b"\r\n") else b"\r\n"
    count = content.partition(b"\r\n\r\n")[0].lower().count(b"dkim-signature:")
    verifier = dkim.DKIM(content)
    return [bool(_verdict(verifier, index, of)) for index in range(count)]


def _verdict(verifier: "dkim.DKIM", index: int, of: DkimSigner) -> bool:
    try:
        return bool(verifier.verify(idx=index, dnsfunc=dns(of)))
    except dkim.DKIMException:
        return False


def _random_mail(draw: random.Random, number: int) -> bytes:
    """Write a mail with odd spaces, folds, repeated fields, tabs and ends of every kind."""

    def text(longest: int, letters: str = 'ab \t.=é한-:;"<>') -> bytes:
        return "".join(draw.choices(letters, k=draw.randrange(longest))).encode()

    def value() -> bytes:
        words = [text(12) for _ in range(draw.randrange(1, 6))]
        return draw.choice([b" ", b"", b"\t"]) + b"\r\n \t x".join(words)

    fields = [
        b"From: "
        + draw.choice([b"news@news.test", b"N <a@mail.NEWS.test>", b"\r\n <a@news.test>"]),
        b"Date: Thu, 22 Oct 2026 07:00:%02d +0900" % (number % 60),
    ]
    optional = [b"To", b"SUBJECT", b"Message-ID", b"list-id", b"Reply-To", b"Cc", b"X-Other"]
    optional += [b"List-Unsubscribe", b"List-Unsubscribe-Post", b"MIME-Version", b"Received"]
    fields += [name + b":" + value() for name in draw.choices(optional, k=draw.randrange(12))]
    draw.shuffle(fields)
    lines = [text(60, "ab \t.=é한\x0b\x0c-") for _ in range(draw.randrange(30))]
    end = draw.choice([b"", b"\r\n", b"\r\n\r\n", b" \r\n\t\r\n"])
    return b"\r\n".join(fields) + b"\r\n\r\n" + b"\r\n".join(lines) + end


def test_an_independent_verifier_finds_a_thousand_random_mails_whole() -> None:
    draw = random.Random(20261022)
    for number in range(1000):
        content = _random_mail(draw, number)
        signed = signer().sign(content)
        assert signed.endswith(content)
        assert verified(signed) == [True, True], content


def test_a_mail_changed_by_one_letter_is_found_out() -> None:
    signed = signer().sign(_MAIL)
    assert verified(signed) == [True, True]
    for old, new in (
        (b"Talks", b"Walks"),
        (b"Subject: Seoul", b"Subject: Busan"),
        (b"unsubscribe/abc", b"unsubscribe/abd"),
        (b"=One-Click", b"=Two-Click"),
        (b"Feedback-ID: a", b"Feedback-ID: b"),
        (b"<mina@", b"<nina@"),
    ):
        assert verified(signed.replace(old, new)) == [False, False], old


@pytest.mark.parametrize("field", [b"From: x@evil.test", b"Subject: Buy", b"Reply-To: x@evil.test"])
def test_nobody_can_add_a_second_field_a_reader_looks_at(field: bytes) -> None:
    signed = signer().sign(_MAIL)
    assert verified(field + b"\r\n" + signed) == [False, False]


def test_a_relay_may_add_what_relays_add() -> None:
    signed = signer().sign(_MAIL)
    relayed = b"Received: from a by b\r\nX-Spam-Score: 0\r\n" + signed.replace(
        b"Seoul  and\r\n\t", b"Seoul and "
    )
    assert verified(relayed) == [True, True]


def test_both_unsubscribe_fields_stand_in_every_signature() -> None:
    head = signer().sign(_MAIL).partition(b"\r\nFrom:")[0]
    for signature in head.split(b"DKIM-Signature:")[1:]:
        tags = re.sub(rb"\s", b"", signature).split(b";")
        names = next(tag for tag in tags if tag.startswith(b"h="))[2:].split(b":")
        assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(names)
        assert names.count(b"from") == 2
        assert not any(tag.startswith((b"l=", b"x=")) for tag in tags)


def test_every_line_of_a_signature_is_short_and_the_stamp_is_the_date_of_the_mail() -> None:
    head = signer().sign(_MAIL).partition(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    stamp = int(datetime(2026, 10, 21, 22, tzinfo=UTC).timestamp())
    assert head.count(b"t=%d;" % stamp) == 2


def test_a_retry_has_the_same_bytes() -> None:
    assert signer().sign(_MAIL) == signer().sign(_MAIL)


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("news.test", "news.test"),
        ("NEWS.test", "news.test"),
        ("mail.news.test", "mail.news.test"),
        ("a.mail.news.test", "mail.news.test"),
        ("b.news.test", "news.test"),
        ("fakenews.test", None),
        ("news.test.evil.test", None),
        ("other.test", None),
        ("", None),
    ],
)
def test_the_signing_domain_is_the_one_aligned_with_the_sender(
    sender: str, domain: str | None
) -> None:
    signs = DkimSigner(("news.test", "mail.news.test"), signer().keys)
    assert signs.domain_for(sender) == domain


def test_a_message_of_another_domain_is_our_fault_and_harms_no_other() -> None:
    inner = MemoryBackend()
    backend = SigningBackend(inner, signer())
    foreign = a_message(2, b"From: <a@other.test>\r\n\r\nx\r\n")
    outcomes = list(backend.send([a_message(1), foreign, a_message(3)]))
    assert [type(outcome) for outcome in outcomes] == [Accepted, Misconfigured, Accepted]
    assert "MAILER_DKIM_DOMAIN" in outcomes[1].reply
    assert [message.delivery_id for message in inner.messages] == [1, 3]
    assert verified(inner.messages[0].content) == [True, True]


def test_two_senders_in_one_message_are_not_signed() -> None:
    backend = SigningBackend(MemoryBackend(), signer())
    (outcome,) = backend.send([a_message(1, b"From: <a@news.test>\r\nFrom: <b@news.test>\r\n\r\n")])
    assert isinstance(outcome, Misconfigured)


def test_only_the_content_of_a_message_changes() -> None:
    inner = MemoryBackend()
    message = Message(7, "s@news.test", "ü@example.test", "<7@news.test>", _MAIL, True)
    list(SigningBackend(inner, signer()).send([message]))
    (sent,) = inner.messages
    assert (sent.delivery_id, sent.sender, sent.recipient) == (7, message.sender, message.recipient)
    assert (sent.message_id, sent.needs_smtputf8) == (message.message_id, True)
    assert sent.content.endswith(_MAIL)


def test_what_a_silent_backend_leaves_unanswered_stays_unanswered() -> None:
    class Silent(MemoryBackend):
        def send(self, messages):  # type: ignore[no-untyped-def]
            yield from list(super().send(messages))[:1]

    assert len(list(SigningBackend(Silent(), signer()).send(messages(3)))) == 1


def test_a_domain_of_another_script_signs_in_its_ascii_form() -> None:
    signs = read_dkim_signer("zeitung-münchen.test", "s1", new_dkim_key(ed25519=True))
    assert signs is not None
    content = b"From: <a@xn--zeitung-mnchen-osb.test>\r\n\r\nx\r\n"
    assert signs.domains == ("xn--zeitung-mnchen-osb.test",)
    assert verified(signs.sign(content), signs) == [True]


def test_without_settings_nothing_is_signed() -> None:
    assert read_dkim_signer("", " ", "") is None


def test_a_key_on_one_line_is_read_as_env_files_have_it() -> None:
    pem = new_dkim_key(ed25519=True)
    (key,) = read_dkim_keys("s1", pem.replace("\n", "\\n"))
    assert key.record == read_dkim_keys("s1", pem)[0].record


_EC = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49
AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q
EKTcWGekdmdDPsHloRNtsiCa697B2O9IFA==
-----END EC PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("domains", "selectors", "pem", "says"),
    [
        ("news.test", "", "", "together"),
        ("news.test", "s1", "no key", "together"),
        ("", "s1", new_dkim_key(ed25519=True), "together"),
        ("news.test", "s1,s2", new_dkim_key(ed25519=True), "one selector for each key"),
        ("news.test", "s1,s1", new_dkim_key(ed25519=True) * 2, "one selector for each key"),
        ("news.test", "s_1", new_dkim_key(ed25519=True), "cannot be a name in DNS"),
        ("news test", "s1", new_dkim_key(ed25519=True), "is no domain"),
        ("news.test", "s1", _EC, "neither RSA nor Ed25519"),
        (
            "news.test",
            "s1",
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXdvcmRz\n-----END PRIVATE KEY-----",
            "damaged or public",
        ),
    ],
)
def test_settings_that_cannot_sign_say_so_and_never_show_the_key(
    domains: str, selectors: str, pem: str, says: str
) -> None:
    with pytest.raises(BackendError, match=says) as caught:
        read_dkim_signer(domains, selectors, pem)
    assert "c2VjcmV0" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)
