"""Commands and replies over one socket: the deadlines, the sizes and the order of SMTP.

Keeps smtplib's commands and its reading of EHLO, and replaces what hurts a bulk mailer: a reply
has a deadline and a size, and a server that speaks out of turn is never believed. Which commands,
and what the replies mean, is the session's and `smtp_replies`'.
"""

import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_replies import Phase, Reply, read_reply
from mailer.errors import BackendError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LONGEST_LINE = 8_192  # Sixteen times what RFC 5321 section 4.5.3.1.5 allows, as smtplib does.
_MOST_LINES = 200
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take in all.

    Defaults: RFC 5321 section 4.5.3.2, but for connecting and QUIT, where waiting helps nobody.
    """

    connect: timedelta = timedelta(seconds=30)
    command: timedelta = timedelta(minutes=5)
    data: timedelta = timedelta(minutes=2)
    body: timedelta = timedelta(minutes=3)
    final: timedelta = timedelta(minutes=10)
    quit: timedelta = timedelta(seconds=5)

    def of(self, phase: Phase) -> timedelta:
        """Give the time a command of this phase has for its reply."""
        return {Phase.DATA: self.data, Phase.BODY: self.final, Phase.QUIT: self.quit}.get(
            phase, self.command
        )


class SessionLost(BackendError):  # noqa: N818 - an event between two machines
    """The conversation broke off before the server took the message, or spoke nonsense.

    `code` is 421 when the server said goodbye, else 0.
    """

    def __init__(self, reason: str, *, code: int = 0, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.timed_out = timed_out


class Conversation(smtplib.SMTP):
    """A conversation in lock-step with `peer`; closed as soon as it is lost."""

    def __init__(self, peer: str, helo_name: str, timeouts: Timeouts) -> None:
        super().__init__(local_hostname=helo_name)
        self.peer = peer
        self.timeouts = timeouts
        self._phase = Phase.GREETING
        self._deadline = 0.0
        self._unread = bytearray()

    def ask(self, phase: Phase, command: str) -> Reply:
        """Send a command and give its reply, of a class that `phase` expects.

        Raises SessionLost: 421, no answer, an answer that was there before the question.
        """
        self._begin(phase)
        self.require_silence()
        self.putcmd(command)
        return self._answer()

    def _begin(self, phase: Phase, allowance: timedelta | None = None) -> None:
        self._phase = phase
        seconds = (allowance or self.timeouts.of(phase)).total_seconds()
        self._deadline = time.monotonic() + seconds

    def _answer(self) -> Reply:
        return self._checked(*self.getreply())

    def _checked(self, code: int, lines: bytes) -> Reply:
        reply = read_reply(code, lines)
        if code == 421:
            self.close()
            if self._phase is not Phase.BODY:
                raise SessionLost(reply.text or "service not available", code=421)
        if not self._phase.expects(code):
            raise self._lost(f"answered {code} out of step: {reply.text}")
        return reply

    def require_silence(self) -> None:
        """Check that the server has not spoken, or gone, since its last reply.

        An extra reply would be taken for the next one, and a stale 250 for the message's. Raises
        SessionLost.
        """
        live = self._live()
        live.settimeout(0)
        try:
            self._unread += live.recv(_LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            if not self._unread:
                return
        except OSError as error:
            raise self._lost(f"closed the connection: {words_of(error)}") from error
        if not self._unread:
            raise self._lost("closed the connection")
        code = 421 if self._unread.startswith(b"421") else 0
        raise self._lost(f"spoke out of turn: {_quoted(bytes(self._unread))}", code=code)

    def send(self, s: "ReadableBuffer | str") -> None:
        """Send octets within the deadline; smtplib's commands come through here too."""
        octets = s.encode("utf-8") if isinstance(s, str) else s
        live = self._live()
        try:
            live.settimeout(self._seconds_left())
            live.sendall(octets)
        except TimeoutError as error:
            raise self._lost("did not read what we sent in time", timed_out=True) from error
        except OSError as error:
            raise self._lost(f"closed the connection: {words_of(error)}") from error

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply within the deadline: its code, and its lines joined by LF."""
        lines: list[bytes] = []
        codes: set[bytes] = set()
        while len(lines) < _MOST_LINES:
            line = self._line()
            match = _REPLY_LINE.fullmatch(line)
            codes |= {match[1]} if match else set()
            if match is None or len(codes) > 1:
                raise self._lost(f"answered no SMTP: {_quoted(line)}")
            lines.append((match[3] or b"").strip())
            if match[2] != b"-":
                return int(match[1]), b"\n".join(lines)
        raise self._lost(f"answered more than {_MOST_LINES} lines")

    def _line(self) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > _LONGEST_LINE:
                raise self._lost(f"answered no SMTP: {_quoted(bytes(self._unread))}")
            self._unread += self._received()
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line.removesuffix(b"\r")

    def _received(self) -> bytes:
        live = self._live()
        try:
            live.settimeout(self._seconds_left())
            octets = live.recv(_LONGEST_LINE)
        except TimeoutError as error:
            raise self._lost("did not answer in time", timed_out=True) from error
        except OSError as error:
            raise self._lost(f"closed the connection: {words_of(error)}") from error
        if not octets:
            raise self._lost("closed the connection")
        return octets

    def _live(self) -> socket.socket:
        if self.sock is None:
            raise self._lost("is not connected")
        return self.sock

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _lost(self, what: str, *, code: int = 0, timed_out: bool = False) -> SessionLost:
        self.close()
        reason = f"{self.peer} {what} ({self._phase.label})"
        return SessionLost(reason, code=code, timed_out=timed_out)


def _quoted(octets: bytes) -> str:
    return f"'{clean_header(octets[:200].decode('utf-8', 'replace'), 80)}'"


def words_of(error: OSError) -> str:
    """Give what the system says of an error, on one line."""
    return clean_header(str(error.strerror or error), 120)
