"""The mailbox that bounces come to, read by IMAP (RFC 3501, RFC 8314)."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from mailer.bounces.parts import LONGEST
from mailer.errors import ServiceAway, SettingsError

_TIMEOUT_SECONDS = 30.0
_FORM = "imaps://user:password@host/INBOX, or imap+starttls://… for a server without a TLS port"


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """Where to read; `password` is shown nowhere."""

    host: str
    port: int
    starttls: bool
    username: str
    password: str
    folder: str


def read_imap_url(url: str) -> ImapMailbox:
    """Read a mailbox's URL; raises SettingsError that says how one is written."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"MAILER_BOUNCE_IMAP_URL cannot be read: write {_FORM}") from error
    if parts.scheme not in ("imaps", "imap+starttls") or not parts.hostname or not parts.username:
        raise SettingsError(f"MAILER_BOUNCE_IMAP_URL cannot be read: write {_FORM}")
    starttls = parts.scheme == "imap+starttls"
    return ImapMailbox(
        host=parts.hostname,
        port=port or (143 if starttls else 993),
        starttls=starttls,
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


@contextmanager
def open_imap(
    mailbox: ImapMailbox, context: ssl.SSLContext | None = None
) -> Iterator["UnseenMessages"]:
    """Sign in and open the folder; raises ServiceAway when the server does not let us."""
    context = context or ssl.create_default_context()
    try:
        if mailbox.starttls:
            client = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT_SECONDS)
            # Raises when the server offers none: credentials never go in clear.
            client.starttls(context)
        else:
            client = imaplib.IMAP4_SSL(
                mailbox.host, mailbox.port, ssl_context=context, timeout=_TIMEOUT_SECONDS
            )
        try:
            client.login(mailbox.username, mailbox.password)
            folder = mailbox.folder.replace("\\", "\\\\").replace('"', '\\"')
            answer, data = client.select(f'"{folder}"')
            if answer != "OK":
                raise ServiceAway(f"no folder '{mailbox.folder}' on {mailbox.host}: {data!r}")
            yield UnseenMessages(client)
        finally:
            client.shutdown() if client.state == "LOGOUT" else _leave(client)
    except (imaplib.IMAP4.error, OSError) as error:
        raise ServiceAway(
            f"the mailbox at {mailbox.host}:{mailbox.port} cannot be read: {error}"
        ) from error


class UnseenMessages:
    """The unread messages of an open folder."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Yield (uid, message) oldest first, without marking anything."""
        _, found = self._client.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split():
            _, parts = self._client.uid("FETCH", uid.decode("ascii"), f"(BODY.PEEK[]<0.{LONGEST}>)")
            content = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            if content:
                yield uid.decode("ascii"), content

    def mark_read(self, uid: str) -> None:
        """Mark a message as read: it was recorded."""
        self._client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")


def _leave(client: imaplib.IMAP4) -> None:
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError):
        # The server was gone first; what was marked is marked.
        client.shutdown()
