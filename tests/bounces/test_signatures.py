"""Signatures that a forger writes: anything at all."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailer.bounces.notices.signatures import (
    has_ecdsa,
    has_hmac,
    has_sns_signature,
    is_one_of,
)
from tests.bounces.services import Amazon
from tests.builders import NOON

_ODD = ["", "é", "서명", "\ud800", "=", "A" * 10_000]


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


@pytest.mark.parametrize("odd", _ODD, ids=range(len(_ODD)))
def test_an_odd_signature_is_wrong_and_no_mistake_of_ours(odd: str, amazon: Amazon) -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert not has_hmac("key", b"signed", odd)
    assert not has_ecdsa(key, b"signed", odd)
    for version in ("1", "2", odd):
        assert not has_sns_signature(amazon.certificate(), b"signed", odd, version, now=NOON)
    assert not is_one_of(odd, ("user:password",))
