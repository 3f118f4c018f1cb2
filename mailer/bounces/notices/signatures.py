"""Signatures of mail services: passwords, HMAC, ECDSA and certificates. Nothing here raises."""

import hmac
from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

# SNS signs with SHA-1 unless a topic says SignatureVersion 2.
_SNS_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what Amazon signs with; the topic's owner chooses
    "2": hashes.SHA256(),
}


def is_one_of(given: str, secrets: Iterable[str]) -> bool:
    """Say whether a password is one of ours, in constant time (S17)."""
    shown = given.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(shown, secret.encode()) for secret in secrets)


def has_hmac(key: str, signed: bytes, signature: str) -> bool:
    """Say whether this is the HMAC-SHA256 in hex digits of what was signed."""
    wanted = hmac.digest(key.encode(), signed, "sha256").hex().encode()
    # As bytes: of texts only ASCII can be compared, and a forger writes what he likes.
    return hmac.compare_digest(wanted, signature.casefold().encode("utf-8", "replace"))


def has_ecdsa(public_key: str, signed: bytes, signature: str) -> bool:
    """Say whether a base64 signature over SHA-256 is by a public key (base64 of DER, or PEM)."""
    try:
        key = serialization.load_der_public_key(b64decode(_bare(public_key), validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(b64decode(signature, validate=True), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def is_ecdsa_key(public_key: str) -> bool:
    """Say whether a setting is a public key of the kind SendGrid gives."""
    try:
        key = serialization.load_der_public_key(b64decode(_bare(public_key), validate=True))
    except (ValueError, TypeError):
        return False
    return isinstance(key, ec.EllipticCurvePublicKey)


def has_sns_signature(
    certificate: str, signed: bytes, signature: str, version: str, *, now: datetime
) -> bool:
    """Say whether Amazon's certificate (PEM) is valid now and signed this, by version 1 or 2."""
    algorithm = _SNS_HASHES.get(version)
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
        key = found.public_key()
        if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
            return False
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            return False
        key.verify(b64decode(signature, validate=True), signed, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def is_certificate(text: str, *, now: datetime) -> bool:
    """Say whether a setting is a certificate with an RSA key, valid now."""
    try:
        found = x509.load_pem_x509_certificate(text.encode())
    except (ValueError, TypeError):
        return False
    is_valid = found.not_valid_before_utc <= now <= found.not_valid_after_utc
    return is_valid and isinstance(found.public_key(), rsa.RSAPublicKey)


def _bare(public_key: str) -> str:
    """Return the base64 of a key that may have been copied with its PEM lines."""
    lines = (line for line in public_key.splitlines() if not line.startswith("-----"))
    return "".join("".join(lines).split())
