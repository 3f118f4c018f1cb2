"""What text weighs, how it is cut to a weight, and how it wraps."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from mailer.render.wire import quoted_printable, shorten, wire_length
from mailer.render.wrapping import WIDTH, columns, wrap

LINES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)


@given(text=st.text(max_size=400))
def test_quoted_printable_is_short_ascii_lines_that_read_back(text: str) -> None:
    encoded = quoted_printable(text)
    assert encoded.isascii()
    assert encoded.count(b"\r\n") == encoded.count(b"\r") == encoded.count(b"\n")
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert not any(line.endswith((b" ", b"\t")) for line in encoded.split(b"\r\n"))
    assert b"\r\n.\r\n" not in b"\r\n" + encoded
    same = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    assert quopri.decodestring(encoded).replace(b"\r\n", b"\n").decode() == same


@given(first=LINES, second=LINES)
def test_lines_weigh_the_same_together_as_alone(first: str, second: str) -> None:
    together = quoted_printable(f"{first}\n{second}x")
    assert together == quoted_printable(first) + quoted_printable(f"{second}x")


@given(text=LINES)
def test_no_line_is_heavier_than_its_weight_but_for_breaks(text: str) -> None:
    for shown in (text, str(escape(text))):
        assert len(quoted_printable(shown).replace(b"=\r\n", b"")) - 2 <= wire_length(text) + 2


@given(text=LINES, limit=st.integers(20, 400))
def test_a_cut_text_keeps_its_weight_and_its_beginning(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    assert wire_length(cut) <= limit
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("Seven words that have to be cut", 24, "Seven words…"),
        ("Seven words", 11, "Seven words"),
        ("字字字字", 30, "字字…"),
        ("one, two, three", 14, "one…"),
        ("&&&&", 20, "&&&&"),
    ],
)
def test_texts_are_cut_at_words(text: str, limit: int, cut: str) -> None:
    assert shorten(text, limit) == cut


@given(text=LINES, first=st.sampled_from(["", "  ", "See also: "]))
def test_wrapped_lines_fit_and_nothing_is_lost(text: str, first: str) -> None:
    wrapped = wrap(text, first)
    assert all(columns(line) <= WIDTH for line in wrapped.split("\n"))
    assert "".join(wrapped.split()) == "".join(f"{first}{text}".split())


def test_ideographs_wrap_anywhere_but_before_a_full_stop() -> None:
    assert wrap("字" * 36 + "。" + "字", width=72) == "字" * 35 + "\n字。字"
    assert wrap("Nordkorea und China", width=10) == "Nordkorea\nund China"
    assert wrap("ab「字字", width=6) == "ab「字\n字" or wrap("ab「字字", width=6) == "ab\n「字字"
    assert wrap("x" * 25, width=10) == "\n".join(["x" * 10, "x" * 10, "x" * 5])


def test_further_lines_are_indented_below_the_first() -> None:
    assert wrap("one two three", "See: ", width=10) == "See: one\n     two\n     three"
    assert wrap("one two three", "", "  ", width=9) == "one two\n  three"
    assert wrap("", "See: ") == "See:"
