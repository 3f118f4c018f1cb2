"""Flights under any fragmentation: what is told never depends on how the octets were cut.

The server here answers as late as it may: it reads all that has come, acts, and only then speaks,
in pieces of any size, and may hang up behind any octet of what it says.
"""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Thread

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.delivery.smtp_flight import Landing, fly
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_session import Manner, Session
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Outcome, Refused
from tests.delivery.messages import a_message

_VERDICTS = {
    "ok": (b"250 2.1.5 ok", b"250-2.0.0 queued\r\n250 2.0.0 as 1"),
    "unknown": (b"550-5.1.1 no such\r\n550 5.1.1 user", b""),
    "later": (b"450 4.2.0 greylisted", b""),
    "spam": (b"250 ok", b"554 5.6.0 no"),
    "full": (b"250 ok", b"452 4.3.1 full"),
}
_AT_LENGTH = b"250-" + b"x" * 100 + b"\r\n"
_CHATTY = _VERDICTS | {"ok": (_AT_LENGTH * 100 + b"250 ok", _VERDICTS["ok"][1])}
_OUTCOMES: dict[str, Outcome] = {
    "ok": Accepted(250, "2.0.0 as 1"),
    "unknown": Refused(550, "5.1.1 no such 5.1.1 user", suppress=True),
    "later": Deferred(450, "4.2.0 greylisted"),
    "spam": Refused(554, "5.6.0 no"),
    "full": Deferred(452, "4.3.1 full"),
}


@dataclass
class Reluctant:
    """The server's end: gives each recipient its verdict, and keeps what it accepted."""

    end: socket.socket
    verdicts: list[str]
    pieces: list[int]
    hang_up_after: int | None
    words: dict[str, tuple[bytes, bytes]] = field(default_factory=lambda: _VERDICTS)
    accepted: list[bytes] = field(default_factory=list)
    _unread: bytes = b""
    _answers: bytes = b""
    _said_count: int = 0
    _number: int = -1
    _taken: bool = False

    def serve(self) -> None:
        with suppress(OSError), self.end:
            while octets := self.end.recv(self.pieces[0] * 50):
                self._unread += octets
                while (answer := self._next()) is not None:
                    self._answers += answer
                self._speak()

    def _next(self) -> bytes | None:
        """Act on one whole command; None when none has come."""
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            return None
        verb = line[:4]
        if verb == b"BDAT":
            size = int(line.split()[1])
            if len(rest) < size:
                return None
            self._unread = rest[size:]
            return self._judge(rest[:size], b"503 5.5.1 nobody to send to\r\n")
        self._unread = rest
        match verb:
            case b"MAIL":
                self._taken = False
                self._number = int(line.partition(b"+")[2].partition(b"@")[0]) - 1
            case b"RCPT":
                said = self.words[self.verdicts[self._number]][0]
                self._taken = said.startswith(b"2")
                return said + b"\r\n"
            case b"DATA":
                return self._data()
        return b"250 ok\r\n"

    def _data(self) -> bytes | None:
        if not self._taken:
            return b"554 5.5.1 no valid recipients\r\n"
        self._answers += b"354 go ahead\r\n"
        self._speak()
        while b"\r\n.\r\n" not in self._unread:
            octets = self.end.recv(4096)
            if not octets:
                return None
            self._unread += octets
        body, _, self._unread = self._unread.partition(b"\r\n.\r\n")
        return self._judge(body.replace(b"\r\n..", b"\r\n.") + b"\r\n", b"")

    def _judge(self, body: bytes, otherwise: bytes) -> bytes:
        if not self._taken:
            return otherwise
        verdict = self.verdicts[self._number]
        self._taken = False
        if verdict == "ok":
            self.accepted.append(body)
        return _VERDICTS[verdict][1] + b"\r\n"

    def _speak(self) -> None:
        """Say what is to be said in pieces, or up to the octet behind which it hangs up."""
        answers, self._answers = self._answers, b""
        if self.hang_up_after is not None:
            answers = answers[: self.hang_up_after - self._said_count]
        for number in count():
            if not answers:
                break
            size = self.pieces[number % len(self.pieces)]
            self.end.sendall(answers[:size])
            self._said_count += len(answers[:size])
            answers = answers[size:]
        if self._said_count == self.hang_up_after:
            raise OSError("hung up")


def _flight(
    manner: Manner, verdicts: list[str], pieces: list[int], hang_up_after: int | None = None
) -> tuple[Landing, list[int]]:
    session = Session(Server("127.0.0.1", 25), "", Timeouts(), ssl.create_default_context)
    session.sock, end = socket.socketpair()
    session.sock.setblocking(False)
    server = Reluctant(end, verdicts, pieces, hang_up_after)
    thread = Thread(target=server.serve)
    thread.start()
    batch = [
        a_message(number, b"Subject: x\r\n\r\n.\r\n%d\r\n" % number, sender=f"b+{number}@n.test")
        for number in range(1, len(verdicts) + 1)
    ]
    landing = fly(session, batch, manner)
    session.close()
    thread.join()
    numbers = {message.content: number for number, message in enumerate(batch)}
    return landing, [numbers[body] for body in server.accepted]


_MANNERS = st.sampled_from(Manner)
_WISHES = st.lists(st.sampled_from(sorted(_VERDICTS)), min_size=1, max_size=6)
_PIECES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(_MANNERS, _WISHES, _PIECES)
def test_however_answers_are_cut_each_message_gets_its_own(
    manner: Manner, wishes: list[str], pieces: list[int]
) -> None:
    landing, _ = _flight(manner, wishes, pieces)
    assert landing.outcomes == [_OUTCOMES[wish] for wish in wishes]
    assert (landing.lost, landing.too_fast) == (None, False)


@given(_MANNERS, _WISHES, _PIECES, st.integers(1, 400))
@example(Manner.WINDOW, ["ok"] * 6, [40], 1)
@example(Manner.AHEAD, ["ok", "ok"], [40], 45)
def test_wherever_the_server_hangs_up_nothing_untrue_is_told(
    manner: Manner, wishes: list[str], pieces: list[int], hang_up_after: int
) -> None:
    landing, accepted = _flight(manner, wishes, pieces, hang_up_after)
    doubts = 0
    for number, outcome in enumerate(landing.outcomes):
        if isinstance(outcome, InDoubt):
            doubts += 1
        else:
            assert (number in accepted) == isinstance(outcome, Accepted)
        assert not isinstance(outcome, Misconfigured)
    assert len(accepted) == len(set(accepted))
    if manner is not Manner.WINDOW:
        assert doubts <= 1


@pytest.mark.parametrize("manner", Manner)
def test_full_buffers_on_both_sides_stop_nobody(manner: Manner) -> None:
    """A server that speaks at length before it reads on, and messages larger than any buffer."""
    session = Session(Server("127.0.0.1", 25), "", Timeouts(), ssl.create_default_context)
    session.sock, end = socket.socketpair()
    for side in (session.sock, end):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    session.sock.setblocking(False)
    server = Reluctant(end, ["ok"] * 40, [1000], None, _CHATTY)
    thread = Thread(target=server.serve)
    thread.start()
    batch = [
        a_message(number, b"Subject: x\r\n\r\n" + b"y" * 50_000 + b"\r\n", sender=f"b+{number}@n")
        for number in range(1, 41)
    ]
    landing = fly(session, batch, manner)
    session.close()
    thread.join()
    assert landing.outcomes == [_OUTCOMES["ok"]] * 40
    assert server.accepted == [message.content for message in batch]
