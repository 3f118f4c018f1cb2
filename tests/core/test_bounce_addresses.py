"""Envelope senders that name their delivery: made, read back, never forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.addresses import read_address
from mailer.core.bounce_addresses import bounce_address, bounced_delivery, read_bounce_address
from mailer.core.tokens import Signer
from mailer.errors import InputError

SIGNER = Signer(("newest secret",))
IDS = st.integers(1, 2**63 - 1)
BASE = "bounces@news.example"
_LONGEST = f"{'b' * 27}@news.example"


@given(IDS, st.sampled_from([BASE, _LONGEST, "a+b@news.example"]))
def test_a_bounce_names_its_delivery(delivery_id: int, base: str) -> None:
    address = bounce_address(read_bounce_address(base), delivery_id, SIGNER)
    local_part = address.partition("@")[0]
    assert len(local_part) <= 64
    assert read_address(address).wire == address
    for arrived in (address, address.upper(), f" <{address}> "):
        assert bounced_delivery(arrived, SIGNER) == delivery_id


@given(IDS, IDS)
def test_a_seal_belongs_to_one_delivery(delivery_id: int, other: int) -> None:
    seal = bounce_address(BASE, delivery_id, SIGNER).partition(".")[2]
    read = bounced_delivery(f"bounces+{other}.{seal}", SIGNER)
    assert read == (other if other == delivery_id else None)


@given(IDS, st.integers(0, 15), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_seal_is_not_ours(delivery_id: int, place: int, character: str) -> None:
    address = bounce_address(BASE, delivery_id, SIGNER)
    start = address.index(".") + 1 + place
    changed = address[:start] + character + address[start + 1 :]
    assert bounced_delivery(changed, SIGNER) == (delivery_id if changed == address else None)


@given(st.text())
def test_any_other_address_is_nobodys(text: str) -> None:
    assert bounced_delivery(text, SIGNER) is None


def test_bounces_of_the_previous_secret_are_read_and_of_strangers_are_not() -> None:
    address = bounce_address(BASE, 7, Signer(("old",)))
    assert bounced_delivery(address, Signer(("new", "old"))) == 7
    assert bounced_delivery(address, Signer(("new",))) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nobody", "not a mail address"),
        ("bücher@news.example", "plain ASCII"),
        ('"a b"@news.example', "not a mail address"),
        (f"{'b' * 28}@news.example", "at most 27"),
    ],
)
def test_an_address_that_cannot_take_bounces_says_why(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_bounce_address(text)
