"""Foreign text in headers, bodies and terminals (S1, S21)."""

import unicodedata
from email.header import Header, decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.core.hygiene import HEADER_CHARACTERS, clean_header, clean_text, safe_terminal

ANY = st.text(st.characters(), max_size=300)
CONTROLS = {chr(point) for point in (*range(0x20), *range(0x7F, 0xA0))}
SEPARATORS = {"\u2028", "\u2029"}
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SURROGATES = {chr(point) for point in range(0xD800, 0xE000)}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("Two words", "Two words", id="plain"),
        pytest.param("Title\r\nBcc: all@example.org", "Title Bcc: all@example.org", id="CRLF"),
        pytest.param("Title\n\n<html>", "Title <html>", id="end of headers"),
        pytest.param("one\u2028two\u0085three\vfour", "one two three four", id="other breaks"),
        pytest.param("one\x1ctwo\x1ethree", "one two three", id="separators of ASCII"),
        pytest.param("  a\t\tb\u00a0 c  ", "a b c", id="one space between words"),
        pytest.param("\x1b]0;owned\x07Title\x9b31m", "]0;ownedTitle31m", id="escapes"),
        pytest.param("in\u202egpj.exe", "ingpj.exe", id="turned around"),
        pytest.param("no\u200bthing\ufeff", "nothing", id="invisible"),
        pytest.param("e\u0301", "\u00e9", id="composed"),
        pytest.param("a\ud800b", "ab", id="half a character"),
        pytest.param("क्\u200dष می\u200cر", "क्\u200dष می\u200cر", id="joiners that belong"),
        pytest.param("中国 – 北韓", "中国 – 北韓", id="other scripts"),
        pytest.param("=?utf-8?q?=0D=0ABcc=3A?=", "=?utf-8?q?=0D=0ABcc=3A?=", id="not decoded"),
        pytest.param("\r\n\t", "", id="nothing left"),
    ],
)
def test_a_header_is_one_harmless_line(text: str, clean: str) -> None:
    assert clean_header(text) == clean


def test_a_long_header_is_cut_with_an_ellipsis() -> None:
    exact = "x" * HEADER_CHARACTERS
    assert clean_header(exact) == exact
    assert clean_header(exact + "y") == "x" * (HEADER_CHARACTERS - 1) + "…"
    assert clean_header("one two three", 8) == "one two…"
    assert clean_header("one two three", 5) == "one…"


@given(ANY)
@example("\r\n" * 200)
@example("=?utf-8?q?=0D=0ABcc=3A?=")
@example("x" * 199 + "\U0001f468\u200d\U0001f469")
def test_a_clean_header_stands_in_a_mail_and_comes_out_again(text: str) -> None:
    clean = clean_header(text)
    assert not set(clean) & (CONTROLS | SEPARATORS | BIDI | SURROGATES)
    assert len(clean) <= HEADER_CHARACTERS
    assert clean == clean.strip()
    assert clean_header(clean) == clean
    encoded = Header(clean, "utf-8").encode()
    assert all(line.isascii() and line.isprintable() for line in encoded.split("\n "))
    assert str(make_header(decode_header(encoded))) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour", id="line ends"),
        pytest.param("one\ftwo\vthree", "one\ntwo\nthree", id="page and vertical breaks"),
        pytest.param("one\u2028two\u2029three\u0085four", "one\ntwo\nthree\nfour", id="Unicode's"),
        pytest.param("a\tb", "a\tb", id="tabs stay"),
        pytest.param("a\x00b\x1b[31mc\x9bd", "ab[31mcd", id="controls"),
        pytest.param("e\u0301\ud800", "\u00e9", id="composed, whole characters"),
        pytest.param("\u200fשלמה", "\u200fשלמה", id="direction marks belong to a text"),
    ],
)
def test_a_text_has_lines_and_no_controls(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(ANY)
def test_a_clean_text_is_clean(text: str) -> None:
    clean = clean_text(text)
    assert not set(clean) & ((CONTROLS - {"\n", "\t"}) | SEPARATORS | SURROGATES)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean_text(clean) == clean
    assert clean.split() == clean_text(" ".join(text.splitlines())).split()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain\ntext", "plain\ntext", id="plain"),
        pytest.param("a\r\nb", "a\nb", id="CRLF"),
        pytest.param("a\tb", "a       b", id="tab"),
        pytest.param("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07", id="escapes"),
        pytest.param("\x9b31m", "\\x9b31m", id="C1"),
        pytest.param("good\rbad", "good\\rbad", id="overwritten line"),
        pytest.param("abc\b\b\bxyz", "abc\\x08\\x08\\x08xyz", id="overwritten letters"),
        pytest.param("in\u202egpj.exe", "in\\u202egpj.exe", id="turned around"),
        pytest.param("a\ud800b", "a\\ud800b", id="half a character"),
        pytest.param("\U000e0041", "\\U000e0041", id="invisible tag"),
        pytest.param("중국 😀", "중국 😀", id="other scripts"),
    ],
)
def test_a_terminal_shows_escapes_and_does_not_obey_them(text: str, shown: str) -> None:
    assert safe_terminal(text) == shown


@given(ANY)
def test_nothing_steers_a_terminal(text: str) -> None:
    safe = safe_terminal(text)
    assert not set(safe) & ((CONTROLS - {"\n"}) | SEPARATORS | BIDI | SURROGATES)
    assert safe.count("\n") == text.count("\n")
    assert safe_terminal(safe) == safe
