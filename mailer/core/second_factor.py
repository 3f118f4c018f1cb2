"""The second factor: one-time codes by time (RFC 6238). The one owner of pyotp."""

import re
from datetime import datetime

import pyotp

_STEP_SECONDS = 30
_CODE = re.compile(r"\d{6}")
SECRET_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # noqa: S105 - base32's alphabet, no secret


def enrolment_link(secret: str, email: str, issuer: str) -> str:
    """Return the otpauth link that an authenticator reads, by hand or as a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def matching_step(secret: str, code: str, now: datetime, after_step: int) -> int | None:
    """Return the time step a code belongs to, or None when it does not fit now.

    One step of clock difference is allowed either way. A code of `after_step` or before is spent:
    who looked over her shoulder cannot use it again (RFC 6238 section 5.2).
    """
    code = code.replace(" ", "")
    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // _STEP_SECONDS
    for step in (current - 1, current, current + 1):
        if step > after_step and pyotp.utils.strings_equal(totp.generate_otp(step), code):
            return step
    return None
