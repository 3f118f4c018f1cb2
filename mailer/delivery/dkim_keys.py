"""DKIM keys: read from settings, made anew, and written down for DNS (RFC 6376 section 3.6.1)."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.errors import BackendError, InputError

# RFC 8301 section 3.2: verifiers must take 1024 to 4096 bits.
_RSA_BITS = range(1024, 4097)
_NEW_RSA_BITS = 2048
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_MEND = "'mailer dkim new' makes one"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key under its selector. `record` is what DNS must say at its name."""

    selector: str
    algorithm: str
    bits: int
    record: str
    sign: Callable[[bytes], bytes]

    def dns_name(self, domain: str) -> str:
        """Return the name of the TXT record for this key under a domain."""
        return f"{self.selector}._domainkey.{domain}"


def read_dkim_keys(selectors: str, pem: str) -> tuple[DkimKey, ...]:
    """Read PEM keys one below the other, each under the selector at its place.

    Raises BackendError when they do not match or cannot be used.
    """
    blocks = [match[0] for match in _PEM.finditer(pem.replace("\\n", "\n"))]
    names = [name.strip().lower() for name in selectors.split(",") if name.strip()]
    if names and blocks and (len(names) != len(blocks) or len(set(names)) != len(names)):
        raise BackendError(
            f"MAILER_DKIM_SELECTOR names {len(set(names))} selectors and MAILER_DKIM_KEY has "
            f"{len(blocks)} keys: write one selector for each key, in the same order"
        )
    return tuple(_read_key(name, block) for name, block in zip(names, blocks, strict=False))


def read_dkim_domains(text: str) -> tuple[str, ...]:
    """Read domains with commas between, in their ASCII form; raises BackendError."""
    return tuple(_ascii_domain(name) for name in text.split(",") if name.strip())


def new_dkim_key(*, ed25519: bool = False) -> str:
    """Make a private key as PEM text: RSA of 2048 bits, which everybody verifies, or Ed25519."""
    key = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, _NEW_RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read_key(selector: str, pem: str) -> DkimKey:
    if not _SELECTOR.fullmatch(selector):
        raise BackendError(
            f"MAILER_DKIM_SELECTOR: '{clean_header(selector, 60)}' cannot be a name in DNS: "
            "use letters, digits and dashes, such as s2026a"
        )
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        # Never the library's words: they may quote what stands in the key.
        why = "it has a passphrase" if isinstance(error, TypeError) else "it is damaged or public"
        raise BackendError(f"the DKIM key of '{selector}' cannot be read: {why}: {_MEND}") from None
    if isinstance(key, Ed25519PrivateKey):
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        record = f"v=DKIM1; k=ed25519; p={b64encode(public).decode()}"
        return DkimKey(selector, "ed25519-sha256", 256, record, key.sign)
    if not isinstance(key, RSAPrivateKey):
        raise BackendError(f"the DKIM key of '{selector}' is neither RSA nor Ed25519: {_MEND}")
    if key.key_size not in _RSA_BITS:
        raise BackendError(
            f"the DKIM key of '{selector}' has {key.key_size} bits: receivers take 1024 to 4096, "
            f"use 2048: {_MEND}"
        )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"
    return DkimKey(selector, "rsa-sha256", key.key_size, record, _rsa_sign(key))


def _rsa_sign(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    padding, algorithm = PKCS1v15(), Prehashed(SHA256())
    return lambda digest: key.sign(digest, padding, algorithm)


def _ascii_domain(text: str) -> str:
    try:
        return read_address(f"postmaster@{text.strip()}").wire.rpartition("@")[2].lower()
    except InputError as error:
        raise BackendError(
            f"MAILER_DKIM_DOMAIN: '{clean_header(text, 80)}' is no domain: write it like "
            "news.example.com"
        ) from error
