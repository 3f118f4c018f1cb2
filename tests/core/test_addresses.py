"""Addresses as people type them, and as those type them who mean harm (S1, S20)."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.core.addresses import Address, read_address
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("typed", "shown", "wire"),
    [
        pytest.param(
            "  Mina.Park@Example.ORG \n",
            "Mina.Park@example.org",
            "Mina.Park@example.org",
            id="plain",
        ),
        pytest.param(
            "news@bücher.example", "news@bücher.example", "news@xn--bcher-kva.example", id="IDN"
        ),
        pytest.param(
            "news@xn--bcher-kva.example",
            "news@bücher.example",
            "news@xn--bcher-kva.example",
            id="IDN as the wire has it",
        ),
        pytest.param("a@例え.jp", "a@例え.jp", "a@xn--r8jz45g.jp", id="Japanese domain"),
        pytest.param("a@news。example", "a@news.example", "a@news.example", id="full-width dot"),
        pytest.param(
            "mina+news@example.org", "mina+news@example.org", "mina+news@example.org", id="plus"
        ),
        pytest.param(
            "o'neil@example.org", "o'neil@example.org", "o'neil@example.org", id="apostrophe"
        ),
    ],
)
def test_an_address_is_shown_in_unicode_and_sent_in_ascii(
    typed: str, shown: str, wire: str
) -> None:
    address = read_address(typed)
    assert (address.shown, address.wire, address.needs_smtputf8) == (shown, wire, False)


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it() -> None:
    address = read_address("用户@例え.jp")
    assert address == Address("用户@例え.jp", "用户@xn--r8jz45g.jp", "用户@xn--r8jz45g.jp", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Mina.Park@Example.org", "mina.park@example.ORG", id="case"),
        pytest.param("a@BÜCHER.example", "a@xn--bcher-kva.example", id="IDN"),
        pytest.param("jose\u0301@example.org", "jos\u00e9@example.org", id="composed or not"),
        pytest.param("JOSÉ@example.org", "josé@example.org", id="case beyond ASCII"),
        pytest.param(
            "\u0390@example.org", "\u0399\u0308\u0301@example.org", id="case, then accents"
        ),
        pytest.param("a@\uff4e\uff45ws.example", "a@news.example", id="full-width domain"),
    ],
)
def test_all_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert read_address(one).key == read_address(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("mina.park@example.org", "minapark@example.org", id="dots count"),
        pytest.param("mina+a@example.org", "mina@example.org", id="tags count"),
        pytest.param("a@example.org", "a@mail.example.org", id="subdomains count"),
        pytest.param("a@straße.example", "a@strasse.example", id="ß is not ss in a domain"),
    ],
)
def test_different_mailboxes_have_different_keys(one: str, other: str) -> None:
    assert read_address(one).key != read_address(other).key


HOSTILE = [
    "mina@example.org\r\nBcc: all@example.org",
    "mina@example.org\nBcc: all@example.org",
    "mina\r\n@example.org",
    "mina@exa\rmple.org",
    "mina\x00@example.org",
    "mina@example.org\x00",
    "mina\x1b[31m@example.org",
    "mina\u2028@example.org",
    "mina\u202e@example.org",
    "mina@exam\u200bple.org",
    "mina@example.org\ud800",
    '"mina park"@example.org',
    '"mina\\"@evil.example"@example.org',
    "Mina <mina@example.org>",
    "<mina@example.org>",
    "mina(comment)@example.org",
    "mina@example.org, all@example.org",
    "mina@example.org;all@example.org",
    "mina@evil.example@example.org",
    "@relay.example:mina@example.org",
    "mina@[127.0.0.1]",
    "mina@[IPv6:::1]",
    "mina@localhost",
    "mina@example",
    "mina@-example.org",
    "mina@example..org",
    ".mina@example.org",
    "mi..na@example.org",
    "mina park@example.org",
    "mina@exa mple.org",
    "@example.org",
    "mina@",
    "mina",
    "",
    "x" * 65 + "@example.org",
    "mina@" + "d" * 64 + ".example",
    "mina@" + "d" * 63 + ("." + "d" * 63) * 3 + ".example",
    "m" * 320 + "@example.org",
    "m" * 1_000_000,
    "é" * 60 + "@" + "é" * 60 + ".example",
]


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: ascii(typed)[:40])
def test_what_is_no_address_is_refused_in_one_harmless_line(typed: str) -> None:
    with pytest.raises(InputError) as refused:
        read_address(typed)
    message = str(refused.value)
    assert len(message) < 400
    assert message.isprintable(), message


LETTERS = st.characters(codec="utf-8", categories=["L", "Mn", "Nd"])
WORDS = st.text(LETTERS, min_size=1, max_size=8) | st.text(st.characters(), max_size=8)


@given(WORDS, WORDS)
@example("a", "ss\u1e9e")
@example("\u0390", "news")
def test_any_text_is_an_address_that_reads_back_or_is_refused(local: str, domain: str) -> None:
    try:
        address = read_address(f"{local}@{domain}.example")
    except InputError:
        return
    assert read_address(address.shown) == address
    assert read_address(address.wire).key == address.key
    assert not set(address.wire) & set("\r\n\x00<>,; ")
    assert address.wire.rpartition("@")[2].isascii()
    assert address.needs_smtputf8 is not address.wire.isascii()


@given(st.text(LETTERS, min_size=1, max_size=12))
def test_case_and_composition_of_the_local_part_never_make_a_second_reader(local: str) -> None:
    try:
        key = read_address(f"{local}@example.org").key
        others = [
            read_address(f"{spelling}@example.org").key
            for spelling in (unicodedata.normalize("NFD", local), key.partition("@")[0])
        ]
    except InputError:
        return
    assert others == [key, key]
