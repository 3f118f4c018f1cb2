"""An SMTP server on loopback that plays a script: what it answers, or how it fails, in each phase.

It speaks plain sockets, so that it can break every rule. It never sleeps: a stalled conversation
waits for the client to hang up.
"""

import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

PHASES = ("banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT", "RSET", "QUIT")
PIPELINING = b"250-scripted.test\r\n250 PIPELINING\r\n"
CHUNKING = b"250-scripted.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
OFFERS = b"250-scripted.test\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
USUAL: Mapping[str, bytes] = {
    "banner": b"220 scripted.test ESMTP\r\n",
    "EHLO": OFFERS,
    "STARTTLS": b"220 go ahead\r\n",
    "AUTH": b"235 welcome\r\n",
    "DATA": b"354 go ahead\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass(frozen=True)
class Say:
    """Answer these octets, each in a segment of its own when `dripping`; then go on, or end.

    Ends are to hang up, to reset the connection as a crash does, or to stay and be deaf.
    """

    octets: bytes
    dripping: bool = False
    hang_up: bool = False
    reset: bool = False
    deaf: bool = False


@dataclass(frozen=True)
class Stall:
    """Never answer; a `trickle` sends this octet again and again, never a whole line."""

    trickle: bytes = b""


DROP = Say(b"", hang_up=True)
Act = Say | Stall
_Script = Mapping[str, Act | Sequence[Act | None]]


class _HungUp(Exception):  # noqa: N818 - how a conversation ends
    pass


class ScriptedServer:
    """Plays `script`: phase to an act for every time, or a list of acts, the first time first.

    A None in a list, and every phase not named, is the usual answer, which minds whether sender and
    recipient were taken before. DOT is the answer to a body, also to one that came by BDAT.
    `commands` and `bodies` keep what came, `accepted` the bodies that got a 250, `session_count`
    how many conversations began.
    """

    def __init__(self, script: _Script, tls: ssl.SSLContext | None = None) -> None:
        self.commands: list[str] = []
        self.bodies: list[bytes] = []
        self.accepted: list[bytes] = []
        self.session_count = 0
        self._script = script
        self._times: dict[str, int] = {}
        self._tls = tls
        self._stopped = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        """Stop listening and wait for the conversations to end; their clients must be closed."""
        self._stopped.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            pass
        for thread in self._threads:
            thread.join(timeout=10)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._stopped.is_set():
                client.close()
                return
            self.session_count += 1
            thread = Thread(target=self._converse, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _converse(self, client: socket.socket) -> None:
        talk = _Talk(client, self._stopped)
        try:
            self._play(talk, "banner", USUAL["banner"])
            while True:
                line = talk.line()
                self.commands.append(line.decode("utf-8", "replace").rstrip("\r\n"))
                self._obey(talk, line[:-2])
        except (_HungUp, OSError):
            pass
        finally:
            talk.socket.close()

    def _obey(self, talk: "_Talk", line: bytes) -> None:
        verb = line.partition(b" ")[0].decode("ascii", "replace").upper()
        if verb == "BDAT":
            # The octets come with the command, whatever becomes of it: RFC 3030 section 2.
            body = talk.octets(int(line.split()[1]))
            self._take(talk, body, talk.has_recipient or b"503 5.5.1 no recipient\r\n")
            return
        if verb == "RSET":
            talk.has_sender = talk.has_recipient = False
        answer = self._play(talk, verb, _minded(talk, verb))
        taken = answer.startswith(b"2")
        if verb == "MAIL":
            talk.has_sender = talk.has_sender or taken
        elif verb == "RCPT":
            talk.has_recipient = talk.has_recipient or taken
        elif verb == "DATA" and answer.startswith(b"354"):
            self._take(talk, talk.body(), talk.has_recipient or b"554 5.5.1 no recipient\r\n")
        elif verb == "STARTTLS" and answer.startswith(b"220") and self._tls:
            talk.socket = self._tls.wrap_socket(talk.socket, server_side=True)
        elif verb == "QUIT":
            raise _HungUp

    def _take(self, talk: "_Talk", body: bytes, fit: bool | bytes) -> None:
        talk.has_sender = talk.has_recipient = False
        if isinstance(fit, bytes):
            talk.say(fit, dripping=False)
            return
        self.bodies.append(body)
        if self._play(talk, "DOT", b"250 ok\r\n").startswith(b"250"):
            self.accepted.append(body)

    def _play(self, talk: "_Talk", phase: str, usual: bytes) -> bytes:
        """Act out a phase and give what was answered."""
        acts = self._script.get(phase)
        time = self._times.get(phase, 0)
        self._times[phase] = time + 1
        if isinstance(acts, Sequence):
            acts = acts[time] if time < len(acts) else None
        act = acts or Say(usual)
        if isinstance(act, Stall):
            talk.stall(act.trickle)
            raise _HungUp
        talk.say(act.octets, dripping=act.dripping)
        if act.deaf:
            self._stopped.wait()
        if act.reset:
            talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if act.hang_up or act.reset or act.deaf:
            raise _HungUp
        return act.octets


def _minded(talk: "_Talk", verb: str) -> bytes:
    """Give the usual answer to a command, in its place or out of it."""
    out_of_place = {
        "MAIL": talk.has_sender,
        "RCPT": not talk.has_sender,
        "DATA": not talk.has_recipient,
    }
    if out_of_place.get(verb):
        return b"503 5.5.1 out of place\r\n"
    return USUAL.get(verb, b"250 ok\r\n")


class _Talk:
    """The server's end of one conversation."""

    def __init__(self, client: socket.socket, stopped: Event) -> None:
        self.socket = client
        self.has_sender = self.has_recipient = False
        self._stopped = stopped
        self._unread = b""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, octets: bytes, *, dripping: bool) -> None:
        pieces = [octets[at : at + 1] for at in range(len(octets))] if dripping else [octets]
        for piece in pieces:
            self.socket.sendall(piece)

    def stall(self, trickle: bytes) -> None:
        """Wait for the client to go; a trickle paces itself on an event, far below its patience."""
        if trickle:
            while not self._stopped.wait(0.02):
                self.socket.sendall(trickle)
        while self.socket.recv(4096):
            pass

    def line(self) -> bytes:
        return self._until(b"\r\n")

    def body(self) -> bytes:
        """Read to the final dot and take the stuffing out: RFC 5321 section 4.5.2."""
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def octets(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._more()
        octets, self._unread = self._unread[:count], self._unread[count:]
        return octets

    def _more(self) -> None:
        octets = self.socket.recv(65536)
        if not octets:
            raise _HungUp
        self._unread += octets

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._more()
        line, _, self._unread = self._unread.partition(end)
        return line + end
