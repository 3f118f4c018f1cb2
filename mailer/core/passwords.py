"""Passwords of operators: argon2id, and what makes one acceptable. The one owner of argon2."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailer.errors import InputError

SALT_BYTES = 16
_SHORTEST = 12
# Hashing costs time by length only above this, and nobody types more.
_LONGEST = 256
# argon2-cffi's defaults are RFC 9106's low-memory profile: 64 MiB, 3 passes.
_HASHER = PasswordHasher()
# The hash of nothing anybody has: checked for unknown accounts, so that they take as long.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5LWhhcy10aGlzIQ"
    "$EspmSTTQzAWfWU4PFq8EMvvZhCPRvRHIG4P+t2fzn+0"
)


def read_password(text: str, email: str) -> str:
    """Return a password that may be used; raises InputError with the reason.

    Length is what counts (NIST SP 800-63B section 5.1.1.2): no rule asks for odd characters.
    """
    if len(text) < _SHORTEST:
        raise InputError(f"the password is too short: at least {_SHORTEST} characters")
    if len(text) > _LONGEST:
        raise InputError(f"the password is too long: at most {_LONGEST} characters")
    if len(set(text)) < 5:
        raise InputError("the password repeats itself: use at least five different characters")
    if text.casefold() in email.casefold() or email.casefold() in text.casefold():
        raise InputError("the password must not be the address")
    return text


def hash_password(password: str, salt: bytes) -> str:
    """Return the hash to keep; `salt` is random, SALT_BYTES long."""
    return _HASHER.hash(password, salt=salt)


def fits(password: str, kept: str) -> bool:
    """Say whether this is the password; takes as long for a wrong one as for the right one."""
    if len(password) > _LONGEST:
        return False
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
