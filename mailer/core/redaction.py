"""What must not stand in a log: passwords in addresses, signed links, who our readers are (S23)."""

import re

_LINK = re.compile(
    r"(/(?:address|block|confirm|export|form|mute|preferences|undo|unsubscribe|view|welcome"
    r"|hooks/[\w-]+)/)[\w.=~-]{8,}",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^\s/@:'\"]*):[^\s/'\"]*@", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|authorization:\s*\w+)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
# Loose: what merely looks like an address goes as well. Message-IDs stay, they lead to nobody
# without the ledger, and operators look for them.
_ADDRESS = re.compile(r"(?<![\w.+-])([\w.+'~-]+)@(?=[\w-]+(?:\.[\w-]+)+)")
_MESSAGE_ID = re.compile(r"[0-9a-f]{24,}")


def redact(text: str) -> str:
    """Return a line for a log without passwords, signed links and local parts of addresses."""
    text = _PASSWORD.sub(r"\1:***@", text)
    text = _LINK.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _ADDRESS.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    local = match[1]
    return f"{local}@" if _MESSAGE_ID.fullmatch(local) else f"{local[0]}***@"
