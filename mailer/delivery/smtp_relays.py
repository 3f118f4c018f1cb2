"""The relays of an installation: which server a new connection goes to, and the open sessions.

A server's weight says how many of the connections are its; one that cannot be reached is passed
over for a while. How fast each may be talked to is learned here, too.
"""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_session import Manner, Session, SessionRefused
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.ports import Deferred, Misconfigured

_LONGEST_SECONDS = 300.0
_AWAY_SECONDS = 30.0
# A server that could not follow is talked to more slowly: it may be mended, or its proxy replaced.
_CAREFUL_SECONDS = 600.0


@dataclass(slots=True)
class _Relay:
    server: Server
    credit: int = 0
    away_until: float = 0.0
    fastest: Manner = Manner.WINDOW
    careful_until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Open:
    session: Session
    relay: _Relay
    opened_at: float
    generation: int


class Relays:
    """Sessions to take, use alone, and give back: at most `connections` at a time.

    Who comes when all are taken waits. Times are the clock's seconds.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        helo_name: str,
        timeouts: Timeouts,
        connections: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._relays = [_Relay(server) for server in servers]
        self._helo_name = helo_name
        self._timeouts = timeouts
        self._clock = clock
        self._free = BoundedSemaphore(connections)
        self._lock = Lock()
        self._idle: list[_Open] = []
        self._taken: dict[int, _Open] = {}
        self._generation = 0
        self._context: ssl.SSLContext | None = None

    def take(self) -> Session:
        """Give an open session; one that has carried or lived enough is replaced.

        Raises SessionRefused when no server lets us in.
        """
        self._free.acquire()
        try:
            while (one := self._pop_idle()) is not None:
                enough = one.session.carried_count >= one.session.server.most_messages
                if not enough and self._clock() - one.opened_at < _LONGEST_SECONDS:
                    break
                one.session.leave()
            one = one or self._open()
        except BaseException:
            self._free.release()
            raise
        with self._lock:
            self._taken[id(one.session)] = one
        return one.session

    def give_back(self, session: Session) -> None:
        """Take a session back; one that is closed is forgotten."""
        with self._lock:
            one = self._taken.pop(id(session))
            outlived = one.generation != self._generation
            if session.is_open and not outlived:
                self._idle.append(one)
        self._free.release()
        if outlived:
            session.leave()

    def manner_of(self, session: Session) -> Manner:
        """Give how fast a session that was taken may be used."""
        relay = self._taken[id(session)].relay
        if relay.careful_until <= self._clock():
            return session.manner
        return min(session.manner, relay.fastest)

    def slow_down(self, session: Session, manner: Manner) -> None:
        """Note that the server of a taken session could not follow in this manner."""
        relay = self._taken[id(session)].relay
        relay.fastest = Manner(max(manner - 1, Manner.STEP))
        relay.careful_until = self._clock() + _CAREFUL_SECONDS

    def close(self) -> None:
        """Say QUIT to the idle sessions, and to those in use as soon as they are given back."""
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for one in idle:
            one.session.leave()

    def _pop_idle(self) -> _Open | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _open(self) -> _Open:
        """Enter the first server in turn that lets us in.

        A server that refuses us for good ends the search: a wrong password must not hide behind
        a second server that works.
        """
        refusals: list[SessionRefused] = []
        for relay in self._in_turn():
            generation = self._generation
            session = Session(relay.server, self._helo_name, self._timeouts, self._tls_context)
            try:
                session.open()
            except SessionLost as lost:
                refusal = SessionRefused(Deferred(lost.code, str(lost), counts=False))
            except SessionRefused as refused:
                if isinstance(refused.outcome, Misconfigured):
                    raise
                refusal = refused
            else:
                relay.away_until = 0.0
                return _Open(session, relay, self._clock(), generation)
            relay.away_until = self._clock() + _AWAY_SECONDS
            refusals.append(refusal)
        raise refusals[0]

    def _in_turn(self) -> list[_Relay]:
        """Order the relays: whose turn it is by weight, the others, stand-bys, those away."""
        with self._lock:
            present = [relay for relay in self._relays if relay.away_until <= self._clock()]
            weighted = [relay for relay in present if relay.server.weight]
            first: list[_Relay] = []
            if weighted:
                # Smooth weighted round robin: 5, 1, 1 gives A A B A C A A, not A A A A A B C.
                for relay in weighted:
                    relay.credit += relay.server.weight
                first = [max(weighted, key=lambda relay: relay.credit)]
                first[0].credit -= sum(relay.server.weight for relay in weighted)
            rest = [relay for relay in weighted if relay not in first]
            standing_by = [relay for relay in present if not relay.server.weight]
            away = [relay for relay in self._relays if relay not in present]
        return [*first, *rest, *standing_by, *away]

    def _tls_context(self) -> ssl.SSLContext:
        """Make the verifying context when it is first needed: it reads the system's authorities."""
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context()
            return self._context
