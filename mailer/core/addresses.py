"""Mail addresses: one parser for the whole product (S20). `parseaddr` is never used."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from mailer.core.hygiene import clean_header
from mailer.errors import InputError

_LONGEST = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets.

_PLAIN_LOCAL = re.compile("[a-z0-9_+-]+(?:[.][a-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class Address:
    """An address that may receive mail.

    `shown` is the Unicode form, `wire` what SMTP gets, `key` what makes two spellings one reader.
    `needs_smtputf8` when the local part is not ASCII and the server must offer SMTPUTF8.
    """

    shown: str
    wire: str
    key: str
    needs_smtputf8: bool


@lru_cache(maxsize=4096)
def _is_plain(domain: str) -> bool:
    """Say whether a domain is one, and is written as it goes on the wire."""
    if not domain.isascii() or domain != domain.lower() or len(domain) > _LONGEST:
        return False
    try:
        read = _read(f"postmaster@{domain}")
    except InputError:
        return False
    return read.shown == read.wire == f"postmaster@{domain}"


def read_address(text: str) -> Address:
    """Read an address as a person typed it.

    Raises InputError with the reason. No DNS is asked.
    """
    text = text.strip()
    local, _, domain = text.rpartition("@")
    short = len(local) <= 64 and len(text) <= _LONGEST
    # Most addresses: every mail reads one, and the long way takes 30 µs.
    if short and _PLAIN_LOCAL.fullmatch(local) and _is_plain(domain):
        return Address(text, text, text, needs_smtputf8=False)
    return _read(text)


def _read(text: str) -> Address:
    if len(text) > _LONGEST + 66:
        raise InputError(f"address too long ({len(text)} characters): at most {_LONGEST}")
    try:
        read = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=True,
            strict=True,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise InputError(f"not a mail address: '{clean_header(text, 80)}' ({error})") from error
    # Folding case can take letters and accents apart, and not always the same way: hence NFC again.
    folded = unicodedata.normalize("NFC", read.local_part.casefold())
    return Address(
        shown=read.normalized,
        wire=read.ascii_email or f"{read.local_part}@{read.ascii_domain}",
        key=f"{folded}@{read.ascii_domain.casefold()}",
        needs_smtputf8=read.ascii_email is None,
    )
