"""One session with one SMTP server: connect, protect, greet, log in, QUIT; what it can carry.

The login is UTF-8, and envelope addresses go out as they are (smtplib reads them with `parseaddr`,
see S20). Who is asked what and when is `smtp_flight`'s.
"""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from enum import IntEnum

from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_conversation import Conversation, SessionLost, words_of
from mailer.delivery.smtp_replies import Phase, Reply, judge
from mailer.delivery.smtp_servers import Mechanism, Security, Server
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.errors import BackendError
from mailer.ports import Deferred, Message, Misconfigured, Refused

# Command not recognised, not implemented, or not with a parameter.
_NO_EHLO = frozenset({500, 502, 504})


class Manner(IntEnum):
    """How much is said before an answer is waited for; a higher one is faster."""

    STEP = 0  # One command at a time: RFC 5321.
    GROUP = 1  # MAIL, RCPT and DATA together: RFC 2920. Two round trips a message.
    AHEAD = 2  # And the next group behind the final dot. One.
    WINDOW = 3  # All messages of a window at once, by BDAT: RFC 3030. One a window.


class SessionRefused(BackendError):  # noqa: N818
    """The server takes no mail from us now: `outcome` holds for every message of the call."""

    def __init__(self, outcome: Deferred | Misconfigured) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class Session(Conversation):
    """A session. After SessionLost, or SessionRefused from `open`, it is closed.

    `carried_count` counts its messages; `must_reset` asks for RSET before the next one. `manner` is
    the fastest the server offers, `proven` once it has answered in step what was said ahead.
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
        self.manner = Manner.STEP
        self.proven = False
        self._largest = 0

    def open(self) -> None:
        """Connect, protect, greet and log in. Raises SessionLost or SessionRefused."""
        try:
            self._connect()
            self._believe(self.hear())
            self._greet()
            if self.server.security is Security.STARTTLS:
                self._start_tls()
            if self.server.user:
                self._log_in()
        except BaseException:
            self.close()
            raise
        size = self.esmtp_features.get("size", "")
        self._largest = int(size) if re.fullmatch("[0-9]{1,18}", size) else 0
        if self.has_extn("pipelining"):
            self.manner = Manner.WINDOW if self.has_extn("chunking") else Manner.AHEAD

    def cannot_carry(self, message: Message) -> Refused | None:
        """Say why this server cannot take this message, from what its EHLO offered."""
        if 0 < self._largest < len(message.content):
            return Refused(
                0,
                f"message of {len(message.content)} bytes: {self.server} takes at most "
                f"{self._largest}",
            )
        if _needs_smtputf8(message) and not self.has_extn("smtputf8"):
            return Refused(0, f"the address needs SMTPUTF8, which {self.server} does not offer")
        if not message.content.isascii() and not self.has_extn("8bitmime"):
            return Refused(0, f"the message is 8-bit: {self.server} does not offer 8BITMIME")
        return None

    def mail_command(self, message: Message) -> str:
        """Give the MAIL command with the parameters this server understands."""
        words = [f"MAIL FROM:<{message.sender}>"]
        offers = self.esmtp_features
        if "size" in offers:
            words.append(f"SIZE={len(message.content)}")
        if not message.content.isascii():
            words.append("BODY=8BITMIME")
        if _needs_smtputf8(message):
            words.append("SMTPUTF8")
        if "dsn" in offers:
            # A bounce needs no copy of the mail, and says which delivery it is about: RFC 3461.
            words.append(f"RET=HDRS ENVID=d{message.delivery_id}")
        return " ".join(words)

    def rcpt_command(self, message: Message) -> str:
        """Give the RCPT command: of delays, which mend themselves, we want no word."""
        words = f"RCPT TO:<{message.recipient}>"
        if "dsn" not in self.esmtp_features:
            return words
        if not message.recipient.isascii():
            return f"{words} NOTIFY=FAILURE"
        return f"{words} NOTIFY=FAILURE ORCPT=rfc822;{_xtext(message.recipient)}"

    def leave(self) -> None:
        """Say QUIT and close, whatever the server makes of it."""
        try:
            self.ask(Phase.QUIT, "QUIT")
        except SessionLost:
            pass
        finally:
            self.close()

    def _connect(self) -> None:
        seconds = self.timeouts.connect.total_seconds()
        try:
            self.sock = socket.create_connection((self.server.host, self.server.port), seconds)
            # What we write is whole already: waiting for more would cost 40 ms a group.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise SessionLost(f"{self.server} cannot be reached: {words_of(error)}") from error
        if not self.local_hostname:
            self.local_hostname = _own_name(self.sock)
        self.expect(Phase.GREETING)
        if self.server.security is Security.TLS:
            self._protect(self.sock)
        self._live().setblocking(False)

    def _greet(self) -> None:
        self.phase = Phase.EHLO
        self.require_silence()
        code, lines = self.ehlo()
        reply = Reply(code, lines)
        needs_more = self.server.security is not Security.CLEAR or self.server.user
        if code in _NO_EHLO and not needs_more:
            # Some old or hardened servers know no extension at all: RFC 5321 section 3.2.
            reply = self.ask(Phase.EHLO, f"HELO {self.local_hostname}")
        self._believe(reply)

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise self._misconfigured("offers no STARTTLS, and we never fall back to plain text")
        self._believe(self.ask(Phase.STARTTLS, "STARTTLS"))
        # What came in clear behind the 220 is an attacker's: RFC 3207 section 6.
        self.require_silence()
        self._protect(self._live())
        self._live().setblocking(False)
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
            raise self.lost("closed the connection during the TLS handshake") from error
        except ssl.SSLError as error:
            raise self._misconfigured(
                f"speaks no TLS we can use: {words_of(error)}: check scheme and port"
            ) from error
        except OSError as error:
            raise self.lost(f"broke off the TLS handshake: {words_of(error)}") from error

    def _log_in(self) -> None:
        """Log in by the URL's mechanism, else PLAIN, else LOGIN: TLS keeps either secret."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        wanted = [self.server.mechanism] if self.server.mechanism else list(_BY_DEFAULT)
        mechanism = next((name for name in wanted if name.value in offered), None)
        if mechanism is None:
            names = clean_header(" ".join(offered), 80) or "none"
            ours = " or ".join(name.value for name in wanted)
            raise self._misconfigured(f"offers no login by {ours}: it offers {names}")
        try:
            secret = self.server.secret()
        except BackendError as error:
            raise SessionRefused(Misconfigured(0, str(error))) from error
        for line in _login_lines(mechanism, self.server.user, secret):
            reply = self.ask(Phase.AUTH, line)
            self._believe(reply)
            if reply.code < 300:
                return
        raise self.lost("asks for more than user and password")

    def _believe(self, reply: Reply) -> None:
        self.heed(reply)
        outcome = judge(self.phase, reply)
        if isinstance(outcome, Deferred | Misconfigured):
            raise SessionRefused(outcome)

    def _misconfigured(self, what: str) -> SessionRefused:
        return SessionRefused(Misconfigured(0, f"{self.server} {what}"))


_BY_DEFAULT = (Mechanism.PLAIN, Mechanism.LOGIN)


def _login_lines(mechanism: Mechanism, user: str, secret: str) -> list[str]:
    match mechanism:
        case Mechanism.PLAIN:
            return ["AUTH PLAIN " + _base64(f"\0{user}\0{secret}")]
        case Mechanism.LOGIN:
            return ["AUTH LOGIN", _base64(user), _base64(secret)]
        case Mechanism.XOAUTH2:
            # A token that is not good is answered by a 334 with the reason, and the refusal by 535
            # comes after an empty line: developers.google.com/workspace/gmail/imap/xoauth2-protocol
            return ["AUTH XOAUTH2 " + _base64(f"user={user}\1auth=Bearer {secret}\1\1"), ""]


def _needs_smtputf8(message: Message) -> bool:
    return message.needs_smtputf8 or not (message.sender + message.recipient).isascii()


def _xtext(text: str) -> str:
    """Write printable ASCII so that it can stand in a parameter: RFC 3461 section 4."""
    return text.replace("+", "+2B").replace("=", "+3D")


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8")).decode("ascii")


def _own_name(sock: socket.socket) -> str:
    """Name this machine for EHLO without asking DNS: RFC 5321 section 4.1.3 for the literal."""
    name = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
