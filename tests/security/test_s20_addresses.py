"""S20: an address is read once, and whoever reads it after us reads the same (CVE-2023-27043)."""

import ast
from email import message_from_bytes
from email.policy import SMTPUTF8
from email.utils import parseaddr
from pathlib import Path

import pytest

from mailer.core import addresses
from mailer.core.addresses import Address
from mailer.errors import InputError
from tests.security.mutations import goes_red

_ROOT = Path(__file__).parents[2]
# The letters of EXAMPLE as East Asian keyboards may write them.
_WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "EXAMPLE")
_TRICKS = (
    "alice@example.org)bob@evil.example",
    "alice@example.org(bob@evil.example)",
    "<alice@example.org>bob@evil.example",
    "alice@example.org, bob@evil.example",
    "alice@example.org;bob@evil.example",
    "alice@example.org bob@evil.example",
    "alice@example.org\r\nBcc: bob@evil.example",
    '"alice@example.org"@evil.example',
    "alice@[127.0.0.1]",
    "alice@evil.example\u2028@example.org",
    "alice%evil.example@example.org",
    "alice@" + _WIDE + ".org",
    "\N{CYRILLIC SMALL LETTER A}lice@example.org",
    "alice@xn--80ak6aa92e.example",
    "a" * 400 + "@example.org",
)


def _check() -> None:
    taken = 0
    for text in _TRICKS:
        try:
            address = addresses.read_address(text)
        except InputError:
            continue
        taken += 1
        if address.needs_smtputf8:
            continue  # These never stand in a header of an ASCII mail.
        read = message_from_bytes(f"To: {address.wire}\n\n".encode(), policy=SMTPUTF8)["To"]
        assert [one.addr_spec for one in read.addresses] == [address.wire], text
        assert "evil.example" not in address.wire.rpartition("@")[2], text
        assert addresses.read_address(address.shown).key == address.key
    assert 0 < taken < len(_TRICKS)


def test_s20_every_parser_after_us_reads_the_same_address() -> None:
    _check()


def test_s20_goes_red_with_a_lenient_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(text: str) -> Address:
        found = parseaddr(text)[1] if text.isascii() else text
        found = found or text.rpartition(" ")[2]
        return Address(found, found, found, needs_smtputf8=not found.isascii())

    goes_red(_check, monkeypatch, mailer__core__addresses__read_address=lenient)


def test_s20_spellings_of_one_mailbox_are_one_reader() -> None:
    spelled = ("Mina@Example.ORG", "mina@example.org", "mina@" + _WIDE + ".org")
    assert len({addresses.read_address(text).key for text in spelled}) == 1


def test_s20_nothing_uses_the_lenient_parsers() -> None:
    for path in sorted((_ROOT / "mailer").rglob("*.py")):
        names = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute | ast.Name)
        }
        assert not names & {"parseaddr", "getaddresses"}, path
