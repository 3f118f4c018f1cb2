"""Signed links: bound to a purpose, readable with the current and the previous secret (S7).

Tokens carry ids, never personal data. Those without an age are deterministic, so that the same
mail composed twice has the same bytes.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from binascii import b2a_base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from json.encoder import encode_basestring
from typing import Final

from itsdangerous import BadData, BadSignature, URLSafeSerializer

from mailer.errors import InputError

_LONGEST_TOKEN = 1000
# From base64 to what may stand in an address (RFC 4648 section 5), without its padding.
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
# Longer ones itsdangerous may shorten by compression.
_SHORT_PAYLOAD: Final = 100
_STEM: Final = re.compile(r"(\d{1,19}(?:\.\d{1,19})*)\.([0-9a-f]{24})", re.ASCII)
_STEM_OCTETS: Final = 12


class Purpose(StrEnum):
    """What a token allows; a token of one purpose is worthless for another.

    A purpose is also the first part of its page's path: /confirm/{token}.
    """

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    MUTE = "mute"
    VIEW = "view"
    CONFIRM = "confirm"
    UNDO = "undo"
    ADDRESS = "address"
    EXPORT = "export"
    FORM = "form"
    BLOCK = "block"


class Signer:
    """Sign and read tokens with one secret or several, newest first."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a signer needs at least one secret")
        # itsdangerous signs with the last key of its list and tries all when reading.
        self._secrets = list(reversed(secrets))
        self._keyed: dict[Purpose, _Keyed] = {}
        self._stems = [_stem_hash(secret) for secret in self._secrets]
        self._hashes = [_keyed_hash(secret) for secret in self._secrets]

    def sign(self, purpose: Purpose, *parts: int | str) -> str:
        """Return a URL-safe token over the parts."""
        told = [encode_basestring(part) if isinstance(part, str) else str(part) for part in parts]
        payload = f"[{','.join(told)}]".encode()
        if len(payload) > _SHORT_PAYLOAD:
            return str(self._serializer(purpose).dumps(list(parts)))
        # What itsdangerous would write, in 2 µs instead of 60: each mail has several.
        keyed = self._keyed.get(purpose)
        if keyed is None:
            key = hmac.digest(self._secrets[-1].encode(), f"mailer.{purpose}".encode(), "sha256")
            keyed = self._keyed[purpose] = _Keyed(key)
        signed = _url_safe(payload)
        return (signed + b"." + _url_safe(keyed.digest(signed))).decode()

    def stem(self, purpose: Purpose, *ids: int) -> "Stem":
        """Return what tokens over these ids and one more have in common: a mail has many.

        They are short, and made in half a microsecond; `read` takes them as it takes others.
        """
        return Stem(self._stems[-1], purpose, ids)

    def read(self, purpose: Purpose, token: str) -> tuple[int | str, ...]:
        """Return the parts of a token; raises InputError when it is not one of ours."""
        try:
            if len(token) > _LONGEST_TOKEN:
                raise BadSignature("too long")
            if found := _STEM.fullmatch(token):
                return self._read_stem(purpose, found)
            parts = self._serializer(purpose).loads(token)
        except (BadData, UnicodeError) as error:
            raise InputError(
                "this link is not valid: open it from the mail it came in, unchanged"
            ) from error
        return tuple(parts)

    def sign_at(self, purpose: Purpose, now: datetime, *parts: int | str) -> str:
        """Return a token that knows when it was signed, for `read_at`."""
        return self.sign(purpose, "at", int(now.timestamp()), *parts)

    def read_at(
        self, purpose: Purpose, token: str, now: datetime, lifetime: timedelta
    ) -> tuple[tuple[int | str, ...], bool]:
        """Return the parts of such a token, and whether its lifetime is not over at `now`.

        Raises InputError when it is not one of ours, or does not know when it was signed.
        """
        parts = self.read(purpose, token)
        signed = parts[1] if len(parts) > 1 and parts[0] == "at" else None
        if not isinstance(signed, int):
            raise InputError("this link is not valid: it does not say when it was made")
        age = now - datetime.fromtimestamp(signed, UTC)
        # Clocks of machines differ a little; a token from the future is nobody's.
        is_fresh = timedelta(seconds=-60) <= age <= lifetime
        return parts[2:], is_fresh

    def keyed_hash(self, text: str) -> str:
        """Return 32 hex digits that only the holder of the newest secret can compute."""
        return _hex(self._hashes[-1], text)

    def keyed_hashes(self, text: str) -> tuple[str, ...]:
        """Return the same by each of our secrets: what was hashed before a rotation is found."""
        return tuple(_hex(keyed, text) for keyed in self._hashes)

    def seal(self, text: str) -> str:
        """Return 16 lower-case letters and digits only a holder of the newest secret can make.

        80 bits, and nothing a mail server changes when it folds the case of an address.
        """
        return _seal(self._secrets[-1], text)

    def has_sealed(self, text: str, seal: str) -> bool:
        """Tell whether a seal of this text is ours, by the current or the previous secret."""
        given = seal.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(_seal(key, text).encode(), given) for key in self._secrets)

    def _read_stem(self, purpose: Purpose, found: "re.Match[str]") -> tuple[int, ...]:
        ids = tuple(map(int, found[1].split(".")))
        for keyed in self._stems:
            wanted = Stem(keyed, purpose, ids[:-1]).token(ids[-1])
            if hmac.compare_digest(wanted, found[0]):
                return ids
        raise BadSignature("not ours")

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._secrets,
            salt=f"mailer.{purpose}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )


def _url_safe(octets: bytes) -> bytes:
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _keyed_hash(secret: str) -> "hashlib.blake2b":
    key = hashlib.sha256(secret.encode()).digest()
    return hashlib.blake2b(key=key, digest_size=16)


def _hex(keyed: "hashlib.blake2b", text: str) -> str:
    whole = keyed.copy()
    whole.update(text.encode())
    return whole.hexdigest()


def _seal(secret: str, text: str) -> str:
    mac = hmac.digest(f"mailer.seal.{secret}".encode(), text.encode(), "sha256")
    return b32encode(mac[:10]).decode("ascii").lower()


class Stem:
    """Tokens that differ in their last id: a keyed BLAKE2b over purpose and ids (RFC 7693)."""

    __slots__ = ("_hash", "head")

    def __init__(self, keyed: "hashlib.blake2b", purpose: Purpose, ids: tuple[int, ...]) -> None:
        self.head = "".join(f"{number}." for number in ids)
        self._hash = keyed.copy()
        self._hash.update(f"{purpose} {self.head}".encode())

    def token(self, last: int) -> str:
        """Return the token over the ids and this one."""
        digits = str(last)
        return f"{self.head}{digits}.{self.seals([digits.encode()])[0].decode()}"

    def seals(self, lasts: Iterable[bytes]) -> list[bytes]:
        """Return how the tokens over the ids and each of these end, which come in digits.

        A token is the head, the digits, a dot and this. Half a microsecond each.
        """
        seals = []
        copy = self._hash.copy
        for last in lasts:
            whole = copy()
            whole.update(last)
            seals.append(whole.hexdigest().encode())
        return seals


class _Keyed:
    """HMAC-SHA256 (RFC 2104) with the work for the key done once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def digest(self, text: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.digest()


def _stem_hash(secret: str) -> "hashlib.blake2b":
    key = hashlib.sha256(f"mailer.stem {secret}".encode()).digest()
    return hashlib.blake2b(key=key, digest_size=_STEM_OCTETS)
