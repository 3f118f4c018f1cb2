"""Who may get mail outside production."""

import pytest

from mailer.core.recipients import EVERYBODY, read_allowed_recipients
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("patterns", "address", "allowed"),
    [
        ("", "anybody@example.org", True),
        ("mina@example.org", "mina@example.org", True),
        ("mina@example.org", "MINA@Example.ORG", True),
        ("Mina@Example.org", "mina@example.org", True),
        ("mina@example.org", "xmina@example.org", False),
        ("mina@example.org", "mina@example.org.evil.test", False),
        ("mina@example.org", "minaxexample.org@evil.test", False),
        ("*@example.org", "a.b+c@example.org", True),
        ("*@example.org", "a@sub.example.org", False),
        ("*@*.example.org", "a@sub.example.org", True),
        ("dev-*@example.org", "dev-1@example.org", True),
        ("m.na@example.org", "mina@example.org", False),
        ("a@x.test, *@y.test", "b@y.test", True),
        ("*@münchen.test", "a@xn--mnchen-3ya.test", True),
        ("*@example.org", "no address", False),
        ("*@example.org", "a@example.org\r\nRCPT TO:<b@evil.test>", False),
    ],
)
def test_patterns_match_whole_addresses(patterns: str, address: str, allowed: bool) -> None:
    assert read_allowed_recipients(patterns).allow(address) is allowed


@pytest.mark.parametrize("text", ["example.org", "@example.org", "mina@", "a@b@c"])
def test_a_pattern_that_matches_nobody_is_told(text: str) -> None:
    with pytest.raises(InputError, match=r"\*@example.org"):
        read_allowed_recipients(text)


def test_everybody_has_no_patterns() -> None:
    assert read_allowed_recipients(" , ") == EVERYBODY
