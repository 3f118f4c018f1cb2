"""SMTP servers as settings name them: `smtp+starttls://user:password@host:587`."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from mailer.core.hygiene import clean_header
from mailer.errors import BackendError

_EXAMPLE = "smtp+starttls://user:password@host:587"


class Security(StrEnum):
    """How a connection is protected; the value is the URL's scheme."""

    CLEAR = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Security.CLEAR: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Server:
    """One SMTP server and how to talk to it; an empty `user` means no login."""

    host: str
    port: int
    security: Security = Security.CLEAR
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.security}://{host}:{self.port}"


def read_server(url: str) -> Server:
    """Read a server's URL; user and password are percent-encoded.

    Raises BackendError with the mend, without the password. Nothing is resolved or connected.
    """
    parts = _split(url)
    try:
        security = Security(parts.scheme)
    except ValueError:
        raise BackendError(
            f"unknown SMTP scheme '{clean_header(parts.scheme, 30)}': "
            f"use smtp, smtp+starttls or smtps, as in {_EXAMPLE}"
        ) from None
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BackendError(
            "SMTP URL with something behind its port: percent-encode '/', '?', '#' and '@' in "
            f"user and password, and write it as {_EXAMPLE}"
        )
    try:
        host, port = parts.hostname or "", parts.port or _PORTS[security]
        if not re.fullmatch(r"[\w.:%-]+", host):
            raise ValueError
        host.encode("idna")
    except ValueError:
        # Without the value: in 'smtp://user:password' the port is the password.
        raise BackendError(
            f"{security}:// URL without a usable host or port: write it as {_EXAMPLE}"
        ) from None
    server = Server(
        host=host,
        port=port,
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    _check_login(server)
    return server


def _split(url: str) -> SplitResult:
    # urlsplit drops line breaks and tabs silently.
    if any(character <= " " or character == "\x7f" for character in url):
        raise BackendError(f"SMTP URL with a space or control character: write it as {_EXAMPLE}")
    try:
        return urlsplit(url)
    except ValueError:
        raise BackendError(f"SMTP URL that cannot be read: write it as {_EXAMPLE}") from None


def _check_login(server: Server) -> None:
    if bool(server.user) != bool(server.password):
        raise BackendError(f"{server} needs both user and password, or neither")
    if any(character < " " or character == "\x7f" for character in server.user + server.password):
        raise BackendError(f"{server} has a control character in its user or password")
    if server.user and server.security is Security.CLEAR and not _is_loopback(server.host):
        raise BackendError(
            f"{server} would send the password in clear: use {Security.STARTTLS}:// or "
            f"{Security.TLS}://, or leave user and password out"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
