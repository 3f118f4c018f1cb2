"""One session with one SMTP server: connect, protect, greet, log in, hand over, QUIT.

The login is UTF-8, and envelope addresses go out as they are (smtplib reads them with `parseaddr`,
see S20). What an outcome costs the session is the backend's.
"""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable

from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_conversation import Conversation, SessionLost, Timeouts, words_of
from mailer.delivery.smtp_replies import Phase, Reply, judge
from mailer.delivery.smtp_servers import Security, Server
from mailer.delivery.wire import dot_stuffed
from mailer.errors import BackendError
from mailer.ports import Deferred, Message, Misconfigured, Refused


class SessionRefused(BackendError):  # noqa: N818
    """The server takes no mail from us now: `outcome` holds for every message of the call."""

    def __init__(self, outcome: Deferred | Misconfigured) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class Session(Conversation):
    """A session in lock-step. After SessionLost, or SessionRefused from `open`, it is closed.

    `carried_count` counts its messages; `must_reset` asks for RSET before the next one.
    """

    def __init__(
        self,
        server: Server,
        helo_name: str,
        timeouts: Timeouts,
        tls_context: Callable[[], ssl.SSLContext],
    ) -> None:
        super().__init__(str(server), helo_name, timeouts)
        self.server = server
        self.tls_context = tls_context
        self.carried_count = 0
        self.must_reset = False

    def open(self) -> None:
        """Connect, protect, greet and log in. Raises SessionLost or SessionRefused."""
        try:
            self._connect()
            self._believe(self._answer())
            self._greet()
            if self.server.security is Security.STARTTLS:
                self._start_tls()
            if self.server.user:
                self._log_in()
        except BaseException:
            self.close()
            raise

    def hand_over(self, content: bytes) -> Reply:
        """Send a message's body after its 354 and give the final reply, 421 included.

        A SessionLost from here leaves the message in doubt. The content's lines end in CRLF.
        """
        self._begin(Phase.BODY, self.timeouts.body)
        self.send(dot_stuffed(content))
        self._begin(Phase.BODY)
        return self._answer()

    def cannot_carry(self, message: Message) -> Refused | None:
        """Say why this server cannot take this message, from what its EHLO offered."""
        size = self.esmtp_features.get("size", "")
        if re.fullmatch("[0-9]{1,18}", size) and 0 < int(size) < len(message.content):
            return Refused(
                0, f"message of {len(message.content)} bytes: {self.server} takes at most {size}"
            )
        if _needs_smtputf8(message) and not self.has_extn("smtputf8"):
            return Refused(0, f"the address needs SMTPUTF8, which {self.server} does not offer")
        if not message.content.isascii() and not self.has_extn("8bitmime"):
            return Refused(0, f"the message is 8-bit: {self.server} does not offer 8BITMIME")
        return None

    def mail_command(self, message: Message) -> str:
        """Give the MAIL command with the parameters this server understands."""
        words = [f"MAIL FROM:<{message.sender}>"]
        if self.has_extn("size"):
            words.append(f"SIZE={len(message.content)}")
        if not message.content.isascii():
            words.append("BODY=8BITMIME")
        if _needs_smtputf8(message):
            words.append("SMTPUTF8")
        return " ".join(words)

    def reset(self) -> None:
        """Leave the last transaction behind; a server that cannot is lost."""
        if self.ask(Phase.RSET, "RSET").refuses:
            raise self._lost("does not reset")
        self.must_reset = False

    def leave(self) -> None:
        """Say QUIT and close, whatever the server makes of it."""
        try:
            self.ask(Phase.QUIT, "QUIT")
        except SessionLost:
            pass
        finally:
            self.close()

    def _connect(self) -> None:
        self._begin(Phase.GREETING, self.timeouts.connect)
        seconds = self.timeouts.connect.total_seconds()
        try:
            self.sock = socket.create_connection((self.server.host, self.server.port), seconds)
        except OSError as error:
            raise SessionLost(f"{self.server} cannot be reached: {words_of(error)}") from error
        if not self.local_hostname:
            self.local_hostname = _own_name(self.sock)
        if self.server.security is Security.TLS:
            self._protect(self.sock)
        self._begin(Phase.GREETING)

    def _greet(self) -> None:
        self._begin(Phase.EHLO)
        self.require_silence()
        self._believe(self._checked(*self.ehlo()))

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise self._misconfigured("offers no STARTTLS, and we never fall back to plain text")
        self._believe(self.ask(Phase.STARTTLS, "STARTTLS"))
        # What came in clear behind the 220 is an attacker's: RFC 3207 section 6.
        self.require_silence()
        self._protect(self._live())
        self._greet()

    def _protect(self, sock: socket.socket) -> None:
        sock.settimeout(self.timeouts.connect.total_seconds())
        try:
            self.sock = self.tls_context().wrap_socket(sock, server_hostname=self.server.host)
        except ssl.SSLCertVerificationError as error:
            raise self._misconfigured(
                f"has a certificate we do not trust: {error.verify_message}: mend it, or add its "
                "authority with SSL_CERT_FILE"
            ) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise self._lost("closed the connection during the TLS handshake") from error
        except ssl.SSLError as error:
            raise self._misconfigured(
                f"speaks no TLS we can use: {words_of(error)}: check scheme and port"
            ) from error
        except OSError as error:
            raise self._lost(f"broke off the TLS handshake: {words_of(error)}") from error

    def _log_in(self) -> None:
        """Log in by PLAIN, else LOGIN: under TLS nothing is gained by the others."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        user, password = self.server.user, self.server.password
        if "PLAIN" in offered:
            both = _base64(f"\0{user}\0{password}")
            lines = [f"AUTH PLAIN {both}"]
        elif "LOGIN" in offered:
            lines = ["AUTH LOGIN", _base64(user), _base64(password)]
        else:
            names = clean_header(" ".join(offered), 80) or "none"
            raise self._misconfigured(f"offers no login by PLAIN or LOGIN: it offers {names}")
        for line in lines:
            reply = self.ask(Phase.AUTH, line)
            self._believe(reply)
            if reply.code < 300:
                return
        raise self._lost("asks for more than user and password")

    def _believe(self, reply: Reply) -> None:
        outcome = judge(self._phase, reply)
        if isinstance(outcome, Deferred | Misconfigured):
            raise SessionRefused(outcome)

    def _misconfigured(self, what: str) -> SessionRefused:
        return SessionRefused(Misconfigured(0, f"{self.server} {what}"))


def _needs_smtputf8(message: Message) -> bool:
    return message.needs_smtputf8 or not (message.sender + message.recipient).isascii()


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8")).decode("ascii")


def _own_name(sock: socket.socket) -> str:
    """Name this machine for EHLO without asking DNS: RFC 5321 section 4.1.3 for the literal."""
    name = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
