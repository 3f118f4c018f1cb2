"""What travels unchanged: line ends and dots."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.wire import bare_line_end, dot_stuffed
from tests.delivery.messages import SMUGGLED

_LINES = st.lists(st.binary(max_size=5).map(lambda line: re.sub(b"[\r\n]", b".", line)))


def _received(octets: bytes) -> bytes:
    """Read to the final dot as RFC 5321 section 4.5.2 has it; nothing may follow."""
    lines = octets.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""]
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(_LINES)
def test_stuffing_is_undone_by_the_receiver(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    assert bare_line_end(content) is None
    assert _received(dot_stuffed(content)) == content


@given(_LINES.filter(lambda lines: bool(lines and lines[-1])))
def test_a_last_line_without_an_end_gets_one(lines: list[bytes]) -> None:
    assert _received(dot_stuffed(b"\r\n".join(lines))) == b"\r\n".join(lines) + b"\r\n"


@given(st.text("\r\n.x", max_size=8))
def test_line_ends_are_all_crlf_or_the_message_is_unfit(text: str) -> None:
    whole = re.sub("\r\n", "", text)
    assert (bare_line_end(text.encode()) is None) == ("\r" not in whole and "\n" not in whole)


@pytest.mark.parametrize("content", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_what_smugglers_write_is_unfit(content: bytes) -> None:
    assert bare_line_end(content)
