"""What must not stand in a log: passwords in addresses, signed links, who our readers are (S23)."""

import re
from collections.abc import Mapping

# Every page whose path holds a token; a test walks the routes.
_PAGES = "address|block|confirm|export|form|mute|preferences|undo|unsubscribe|view|welcome"
_LINK = re.compile(rf"(/(?:{_PAGES}|hooks/[\w{{}}-]+)/)[\w.=~-]{{8,}}", re.IGNORECASE)
# Signed tokens and keys wherever they stand, as core.tokens and core.api_keys make them.
_TOKEN = re.compile(
    r"(?<![\w.])\d{1,19}(?:\.\d{1,19})*\.[0-9a-f]{24}(?![\w.])"
    r"|(?<![\w.-])[\w-]{6,}\.[\w-]{43}(?![\w-])"
    r"|nm_[\w-]{43}"
)
_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^\s/@:'\"]*):[^\s/'\"]*@", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|authorization:\s*\w+)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
# Loose: what merely looks like an address goes as well. Message-IDs stay, they lead to nobody
# without the ledger, and operators look for them.
_DOMAIN = r"(?=\[?[\w-]+(?:\.[\w-]+)+)"
_ADDRESS = re.compile(
    rf"(?<![\w.+-])((?:\w+=)?)(\"[^\"\n]{{1,64}}\"|[\w.!#$%&'*+=?^`{{|}}~-]+)(@|%40){_DOMAIN}"
)
_MESSAGE_ID = re.compile(r"[0-9a-f]{24,}")
_SECRET_NAMES = ("authorization", "cookie", "csrf", "password", "secret", "token")


def redact(text: str) -> str:
    """Return a line for a log without passwords, tokens and local parts of addresses."""
    text = _PASSWORD.sub(r"\1:***@", text)
    text = _LINK.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _TOKEN.sub("***", text)
    return _ADDRESS.sub(_masked, text)


def redact_values(value: object, name: str = "") -> object:
    """Return what stands under a name in a log's record, all of its texts redacted.

    Numbers stay; anything that is no text, number, list or mapping becomes its text.
    """
    if name and any(word in name.casefold() for word in _SECRET_NAMES):
        return "***"
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {
                redact(str(key)): redact_values(inner, str(key)) for key, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redact_values(inner) for inner in value]
        case _:
            return redact(str(value))


def _masked(match: re.Match[str]) -> str:
    name, local, sign = match[1], match[2], match[3]
    if _MESSAGE_ID.fullmatch(local):
        return match[0]
    first = local.lstrip('"')[:1]
    return f"{name}{first}***{sign}"
