"""Questions and answers over one socket: the deadlines, the sizes and the order of SMTP.

Many questions may be under way at once, and octets move in both directions while one waits, so
that neither side can block the other. Keeps smtplib's reading of EHLO and replaces its commands.
Which questions may be under way together is `smtp_flight`'s, what replies mean `smtp_replies`'.
"""

import re
import select
import smtplib
import socket
import ssl
import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.core.hygiene import clean_header
from mailer.delivery.smtp_replies import Phase, Reply
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.errors import BackendError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LONGEST_LINE = 8_192  # Sixteen times what RFC 5321 section 4.5.3.1.5 allows, as smtplib does.
_MOST_LINES = 200
_READ_AT_ONCE = 65_536
_ONE_LINE = re.compile(rb"([2-5][0-9]{2})(?: ([^\r\n]{0,510}))?\r\n")
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
# What a socket says when nothing moves just now. Under TLS either direction may need the other.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SessionLost(BackendError):  # noqa: N818 - an event between two machines
    """The conversation broke off, or the server spoke nonsense.

    `code` is 421 when the server said goodbye, else 0. `out_of_step` when it answered what nobody
    had asked: answers since it was last known to be in step may belong to other questions.
    """

    def __init__(
        self, reason: str, *, code: int = 0, timed_out: bool = False, out_of_step: bool = False
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.timed_out = timed_out
        self.out_of_step = out_of_step


class Conversation(smtplib.SMTP):
    """A conversation with `peer`; closed as soon as it is lost.

    `said_count` and `sent_count` count octets: those given to `say`, and of these the ones the
    system took, which may have reached the server. `phase` is that of the last question heard or
    waited for, `said_goodbye` the error to raise for its last reply when that was a 421.
    """

    def __init__(self, peer: str, helo_name: str, timeouts: Timeouts) -> None:
        super().__init__(local_hostname=helo_name)
        self.peer = peer
        self.timeouts = timeouts
        self.said_count = 0
        self.sent_count = 0
        self.said_goodbye: SessionLost | None = None
        self.phase = Phase.GREETING
        self._deadline = 0.0
        self._asked: deque[tuple[Phase, int]] = deque()
        self._unsent = bytearray()
        self._unread = bytearray()
        self._poll = select.poll()
        self._polled = (-1, 0)

    @property
    def is_open(self) -> bool:
        """True until the conversation is lost or left."""
        return self.sock is not None

    def ask(self, phase: Phase, command: str) -> Reply:
        """Ask one question while none is under way, and give its answer.

        Raises SessionLost: 421, no answer, an answer that was there before the question.
        """
        self.phase = phase
        self.require_silence()
        self.say(phase, command.encode("utf-8") + b"\r\n")
        reply = self.hear()
        self.heed(reply)
        return reply

    def say(self, phase: Phase, octets: bytes) -> int:
        """Add a question to those under way; gives the count of octets at which it has left.

        Nothing moves before somebody waits to `hear`.
        """
        self._unsent += octets
        self.said_count += len(octets)
        self._asked.append((phase, self.said_count))
        return self.said_count

    def expect(self, phase: Phase) -> None:
        """Await a reply that needs no question, as the greeting does."""
        self.phase = phase
        self._asked.append((phase, self.said_count))

    def hear(self) -> Reply:
        """Give the answer to the oldest question, of a class that its phase expects.

        A refusal that comes before the question has left whole is an answer, and the end of the
        conversation; a yes then is nonsense. Raises SessionLost.
        """
        self.phase, end = self._asked[0]
        reply = self._read_reply() if self._unread else None
        if reply is None:
            reply = self._wait_for_reply(end)
        self._asked.popleft()
        self.said_goodbye = _goodbye(reply) if reply.code == 421 else None
        early = self.sent_count < end
        if not self.phase.expects(reply.code) or (early and not reply.refuses):
            what = f"answered {reply.code} out of step: {reply.text}"
            raise self.lost(what, out_of_step=True)
        if early:
            self.close()
        return reply

    def _wait_for_reply(self, end: int) -> Reply:
        """Move octets until the reply to the oldest question, which ends there, is whole."""
        leaving = self.sent_count < end
        self._allow(self.timeouts.to_say(self.phase) if leaving else self.timeouts.of(self.phase))
        if self._unsent:
            self._push()
        while (reply := self._read_reply()) is None:
            if leaving and self.sent_count >= end:
                leaving = False
                self._allow(self.timeouts.of(self.phase))
            self._move()
        return reply

    def heed(self, reply: Reply) -> None:
        """Close and raise SessionLost when this reply is a goodbye."""
        if reply.code == 421:
            self.close()
            raise _goodbye(reply)

    def require_silence(self) -> None:
        """Check that the server has said nothing, and not gone, since its last reply.

        An extra reply would be taken for the next one, and a stale 250 for the message's. Raises
        SessionLost.
        """
        if not self._unread:
            live = self._live()
            if not isinstance(live, ssl.SSLSocket) and not self._ready(select.POLLIN, 0):
                return
            try:
                octets = live.recv(_LONGEST_LINE)
            except _NOT_NOW:
                return
            except OSError as error:
                raise self.lost(f"closed the connection: {words_of(error)}") from error
            if not octets:
                raise self.lost("closed the connection")
            self._unread += octets
        what = f"spoke out of turn: {_quoted(bytes(self._unread))}"
        code = 421 if self._unread.startswith(b"421") else 0
        raise self.lost(what, code=code, out_of_step=not code)

    def lost(
        self, what: str, *, code: int = 0, timed_out: bool = False, out_of_step: bool = False
    ) -> SessionLost:
        """Close, and give the error to raise: what the server did, and in which phase."""
        self.close()
        reason = f"{self.peer} {what} ({self.phase.label})"
        return SessionLost(reason, code=code, timed_out=timed_out, out_of_step=out_of_step)

    def send(self, s: "ReadableBuffer | str") -> None:
        """Say what smtplib says by itself: EHLO."""
        self.say(self.phase, s.encode("utf-8") if isinstance(s, str) else bytes(s))

    def getreply(self) -> tuple[int, bytes]:
        """Give smtplib the answer to what it has said."""
        reply = self.hear()
        self.heed(reply)
        return reply.code, reply.lines

    def _allow(self, time_left: timedelta) -> None:
        self._deadline = time.monotonic() + time_left.total_seconds()

    def _move(self) -> None:
        """Wait until octets can move, and move some, in whichever direction."""
        seconds = self._deadline - time.monotonic()
        wanted = select.POLLIN | select.POLLOUT if self._unsent else select.POLLIN
        events = self._ready(wanted, max(0.0, seconds))
        if not events:
            unread = self._unsent and self.sent_count < self._asked[0][1]
            what = "did not read what we sent" if unread else "did not answer"
            raise self.lost(f"{what} in time", timed_out=True)
        if events & ~select.POLLOUT:
            self._pull()
        if events & select.POLLOUT:
            self._push()

    def _ready(self, wanted: int, seconds: float) -> int:
        """Wait so long for one of these events of the socket; 0 when none came."""
        descriptor = self._live().fileno()
        if self._polled != (descriptor, wanted):
            self._poll = select.poll()
            self._poll.register(descriptor, wanted)
            self._polled = (descriptor, wanted)
        ready = self._poll.poll(seconds * 1000)
        return ready[0][1] if ready else 0

    def _push(self) -> None:
        """Hand the system what it takes now. Whoever stops reading us may still have spoken."""
        try:
            count = self._live().send(self._unsent)
        except _NOT_NOW:
            return
        except OSError:
            # Its last words are worth more than the error: the next read finds both.
            self._unsent.clear()
            return
        self.sent_count += count
        del self._unsent[:count]

    def _pull(self) -> None:
        try:
            octets = self._live().recv(_READ_AT_ONCE)
        except _NOT_NOW:
            return
        except OSError as error:
            raise self.lost(f"closed the connection: {words_of(error)}") from error
        if not octets:
            raise self.lost("closed the connection")
        self._unread += octets

    def _read_reply(self) -> Reply | None:
        """Take one whole reply from what came; None when its end is still missing."""
        usual = _ONE_LINE.match(self._unread)
        if usual is not None:
            # Before the buffer changes: a match reads its groups from there.
            reply = Reply(int(usual[1]), bytes(usual[2] or b"").strip())
            del self._unread[: usual.end()]
            return reply
        lines: list[bytes] = []
        code = b""
        start = 0
        while (end := self._unread.find(b"\n", start)) >= 0:
            line = bytes(self._unread[start:end]).removesuffix(b"\r")
            start = end + 1
            match = _REPLY_LINE.fullmatch(line)
            if match is None or code not in (b"", match[1]) or len(line) > _LONGEST_LINE:
                raise self.lost(f"answered no SMTP: {_quoted(line)}")
            code = match[1]
            lines.append((match[3] or b"").strip())
            if match[2] != b"-":
                del self._unread[:start]
                return Reply(int(code), b"\n".join(lines))
            if len(lines) >= _MOST_LINES:
                raise self.lost(f"answered more than {_MOST_LINES} lines")
        if len(self._unread) - start > _LONGEST_LINE:
            raise self.lost(f"answered no SMTP: {_quoted(bytes(self._unread[start:]))}")
        return None

    def _live(self) -> socket.socket:
        if self.sock is None:
            raise self.lost("is not connected")
        return self.sock


def _goodbye(reply: Reply) -> SessionLost:
    return SessionLost(reply.text or "service not available", code=421)


def _quoted(octets: bytes) -> str:
    return f"'{clean_header(octets[:200].decode('utf-8', 'replace'), 80)}'"


def words_of(error: OSError) -> str:
    """Give what the system says of an error, on one line."""
    return clean_header(str(error.strerror or error), 120)
