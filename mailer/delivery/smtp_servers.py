"""SMTP servers as settings name them: `smtp+starttls://user:password@host:587?weight=3`.

A secret that changes, such as an OAuth token, comes from a command that is run at each login.
"""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailer.core.hygiene import clean_header
from mailer.errors import BackendError

_EXAMPLE = "smtp+starttls://user:password@host:587"


class Security(StrEnum):
    """How a connection is protected; the value is the URL's scheme."""

    CLEAR = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


class Mechanism(StrEnum):
    """How to log in; the value is the name servers offer."""

    PLAIN = "PLAIN"
    LOGIN = "LOGIN"
    XOAUTH2 = "XOAUTH2"


_PORTS = {Security.CLEAR: 25, Security.STARTTLS: 587, Security.TLS: 465}


_MOST_MESSAGES = 100  # Receivers close long connections; Yahoo asks for 20, relays take hundreds.
_COMMAND_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """One SMTP server and how to talk to it; an empty `user` means no login.

    Of several servers each gets connections by its `weight`; one of weight 0 only when the others
    are away. A connection carries `most_messages`. `mechanism` None is the best both sides know.
    Without a password `password_command` gives it.
    """

    host: str
    port: int
    security: Security = Security.CLEAR
    user: str = ""
    password: str = field(default="", repr=False)
    weight: int = 1
    most_messages: int = _MOST_MESSAGES
    mechanism: Mechanism | None = None
    password_command: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.security}://{self.name}"

    @property
    def name(self) -> str:
        """Host and port: what the throttle and operators know this server by."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def secret(self) -> str:
        """Give the password or token; runs the command when there is none. Raises BackendError."""
        return self.password or self._from_command()

    def _from_command(self) -> str:
        name = self.password_command[0]
        told = {"MAILER_SMTP_HOST": self.host, "MAILER_SMTP_USER": self.user}
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own program, without a shell
                self.password_command,
                env=os.environ | told,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_COMMAND_SECONDS,
                check=True,
            )
            secret = done.stdout.decode("utf-8").split("\n", 1)[0].strip()
        except subprocess.CalledProcessError as error:
            problem = f"ended with {error.returncode}"
        except subprocess.TimeoutExpired:
            problem = f"took longer than {_COMMAND_SECONDS} s"
        except OSError as error:
            problem = f"cannot be run: {error.strerror}"
        except UnicodeDecodeError:
            problem = "gave no UTF-8"
        else:
            if secret and not _has_control(secret):
                return secret
            problem = "gave no password in its first line"
        raise BackendError(f"MAILER_SMTP_PASSWORD_COMMAND '{clean_header(name, 60)}' {problem}")


def read_server(url: str, password_command: str = "") -> Server:
    """Read a server's URL; user and password are percent-encoded.

    Options behind a question mark: `weight`, `messages` (a connection), `auth` (plain, login,
    xoauth2). Raises BackendError with the mend, without the password. Nothing is resolved,
    connected or run.
    """
    parts = _split(url)
    try:
        security = Security(parts.scheme)
    except ValueError:
        raise BackendError(
            f"unknown SMTP scheme '{clean_header(parts.scheme, 30)}': "
            f"use smtp, smtp+starttls or smtps, as in {_EXAMPLE}"
        ) from None
    if parts.path.strip("/") or parts.fragment:
        raise BackendError(_NOT_A_URL)
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
    weight, most_messages, mechanism = _options(parts.query)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    server = Server(
        host=host,
        port=port,
        security=security,
        user=user,
        password=password,
        weight=weight,
        most_messages=most_messages,
        mechanism=mechanism,
        password_command=_command(password_command) if user and not password else (),
    )
    _check_login(server)
    return server


_NOT_A_URL = (
    "SMTP URL with something unknown behind its port: percent-encode '/', '?', '#' and '@' in user "
    f"and password, and write it as {_EXAMPLE}, or with ?weight=1&messages=100&auth=plain behind"
)


def _options(query: str) -> tuple[int, int, Mechanism | None]:
    """Read weight, messages and mechanism; what is unknown may be part of a password."""
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        weight = _whole(given.pop("weight", "1"), 0, 1000)
        most_messages = _whole(given.pop("messages", str(_MOST_MESSAGES)), 1, 1_000_000)
        auth = given.pop("auth", "")
        mechanism = Mechanism(auth.upper()) if auth else None
        if given:
            raise ValueError
    except ValueError:
        raise BackendError(_NOT_A_URL) from None
    return weight, most_messages, mechanism


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,7}", text) or not least <= int(text) <= most:
        raise ValueError
    return int(text)


def _command(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise BackendError(
            "MAILER_SMTP_PASSWORD_COMMAND cannot be read: a quote is not closed"
        ) from None


def _split(url: str) -> SplitResult:
    # urlsplit drops line breaks and tabs silently.
    if any(character <= " " or character == "\x7f" for character in url):
        raise BackendError(f"SMTP URL with a space or control character: write it as {_EXAMPLE}")
    try:
        return urlsplit(url)
    except ValueError:
        raise BackendError(f"SMTP URL that cannot be read: write it as {_EXAMPLE}") from None


def _check_login(server: Server) -> None:
    if bool(server.user) != bool(server.password or server.password_command):
        raise BackendError(f"{server} needs both user and password, or neither")
    if server.mechanism and not server.user:
        raise BackendError(f"{server} needs a user to log in by {server.mechanism}")
    if _has_control(server.user + server.password):
        raise BackendError(f"{server} has a control character in its user or password")
    if server.user and server.security is Security.CLEAR and not _is_loopback(server.host):
        raise BackendError(
            f"{server} would send the password in clear: use {Security.STARTTLS}:// or "
            f"{Security.TLS}://, or leave user and password out"
        )


def _has_control(text: str) -> bool:
    return any(character < " " or character == "\x7f" for character in text)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
