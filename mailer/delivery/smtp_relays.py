"""The relays of an installation: which server a new connection goes to, and the open sessions.

A server's weight says how many of the connections are its. Each has a circuit breaker of its own:
one that does not let us in, or takes nothing up, is left alone while the others carry all, and then
probed by one message. How fast each may be talked to is learned here, too.
"""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Condition, Lock

from mailer.core.throttles import Entry, RelayVerdict
from mailer.delivery.breakers import Breakers, weigh_relay
from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_flight import Landing
from mailer.delivery.smtp_servers import Server
from mailer.delivery.smtp_session import Manner, Session, SessionRefused
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.ports import Deferred, Message, Misconfigured

_LONGEST_SECONDS = 300.0
# For so long a breaker's no decides whose turn it is without being asked again.
_REMEMBERED_SECONDS = 5.0
# A server that lets no more of us in at once is not asked for more so soon.
_CROWDED_SECONDS = 60.0
_WAIT_SECONDS = 1.0
# Of different messages, before the server judged any: one alone may be what it chokes on.
_MOST_LOST = 2
# A server that could not follow is talked to more slowly: it may be mended, or its proxy replaced.
_CAREFUL_SECONDS = 600.0


@dataclass(slots=True)
class _Relay:
    server: Server
    credit: int = 0
    closed_until: float = 0.0
    crowded_until: float = 0.0
    lost_by: set[int] = field(default_factory=set)
    fastest: Manner = Manner.WINDOW
    careful_until: float = 0.0


@dataclass(slots=True)
class _Open:
    session: Session
    relay: _Relay
    opened_at: float
    generation: int
    probing: bool
    worked: bool = False


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
        breakers: Breakers | None = None,
    ) -> None:
        self._relays = [_Relay(server) for server in servers]
        self._helo_name = helo_name
        self._timeouts = timeouts
        self._clock = clock
        self._breakers = breakers or Breakers()
        self._free = BoundedSemaphore(connections)
        self._lock = Lock()
        self._given_back = Condition(self._lock)
        self._idle: list[_Open] = []
        self._taken: dict[int, _Open] = {}
        self._generation = 0
        self._context: ssl.SSLContext | None = None

    def take(self) -> Session:
        """Give an open session; one that has carried or lived enough is replaced.

        When the servers let no more of us in at once it waits for a session that is given back.
        Raises SessionRefused when no server lets us in.
        """
        self._free.acquire()
        try:
            while (one := self._fresh_idle() or self._open()) is None:
                with self._given_back:
                    if not self._idle:
                        self._given_back.wait(_WAIT_SECONDS)
        except BaseException:
            self._free.release()
            raise
        with self._lock:
            self._taken[id(one.session)] = one
        return one.session

    def is_probing(self, session: Session) -> bool:
        """Tell whether a session that was taken may carry one message, until it is judged."""
        return self._taken[id(session)].probing

    def judge(self, session: Session, messages: Sequence[Message], landing: Landing) -> None:
        """Learn from the flight of these messages on a taken session how its server does.

        One that broke off a conversation which had gone well gets a second: servers close idle
        connections without a word.
        """
        one = self._taken[id(session)]
        verdict, reply = weigh_relay(landing.outcomes)
        if landing.stopped is not None or landing.too_fast:
            verdict = RelayVerdict.SILENT
        elif verdict is RelayVerdict.FAILED and landing.lost is not None:
            reply = str(landing.lost)
            stuck = not one.worked and landing.lost.timed_out
            if not one.worked:
                unsent = zip(messages, landing.outcomes, strict=True)
                blamed = next((message for message, done in unsent if done is None), messages[-1])
                one.relay.lost_by.add(blamed.delivery_id)
            surely = one.probing or stuck or len(one.relay.lost_by) >= _MOST_LOST
            verdict = verdict if surely else RelayVerdict.SILENT
        if verdict is RelayVerdict.WORKS:
            one.worked = True
            one.relay.lost_by.clear()
        if verdict is RelayVerdict.FAILED:
            self._shut(one.relay, reply)
        elif one.probing:
            self._breakers.judge(one.relay.server.name, verdict)
        one.probing = one.probing and verdict is RelayVerdict.SILENT

    def give_back(self, session: Session) -> None:
        """Take a session back; one that is closed is forgotten."""
        with self._lock:
            one = self._taken.pop(id(session))
            outlived = one.generation != self._generation
            if session.is_open and not outlived:
                self._idle.append(one)
            self._given_back.notify_all()
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

    def _fresh_idle(self) -> _Open | None:
        while (one := self._pop_idle()) is not None:
            enough = one.session.carried_count >= one.session.server.most_messages
            if not enough and self._clock() - one.opened_at < _LONGEST_SECONDS:
                return one
            one.session.leave()
        return None

    def _has_let_us_in(self, relay: _Relay) -> bool:
        """Tell whether it has let us in already: then a 4xx to one more is about how many."""
        with self._lock:
            return any(one.relay is relay for one in [*self._taken.values(), *self._idle])

    def _open(self) -> _Open | None:
        """Enter the first server in turn that lets us in; None when it has as many as it takes.

        Raises SessionRefused: with what is our fault when no server was asked in vain for another
        reason, else with when to come back.
        """
        tried: list[Deferred | Misconfigured] = []
        closed: list[Deferred] = []
        is_crowded = False
        for relay in self._in_turn():
            if relay.crowded_until > self._clock() and self._has_let_us_in(relay):
                is_crowded = True
                continue
            entry = self._breakers.enter(relay.server.name)
            if entry.closed_seconds:
                relay.closed_until = self._clock() + min(entry.closed_seconds, _REMEMBERED_SECONDS)
                closed.append(_left_alone(relay.server, entry))
                continue
            generation = self._generation
            session = Session(relay.server, self._helo_name, self._timeouts, self._tls_context)
            try:
                session.open()
            except SessionLost as lost:
                refusal: Deferred | Misconfigured = Deferred(lost.code, str(lost), counts=False)
            except SessionRefused as refused:
                refusal = refused.outcome
            except BaseException:
                if entry.probing:
                    self._breakers.judge(relay.server.name, RelayVerdict.SILENT)
                raise
            else:
                relay.closed_until = 0.0
                return _Open(session, relay, self._clock(), generation, entry.probing)
            if isinstance(refusal, Deferred) and refusal.code and self._has_let_us_in(relay):
                relay.crowded_until = self._clock() + _CROWDED_SECONDS
                is_crowded = True
                if entry.probing:
                    self._breakers.judge(relay.server.name, RelayVerdict.SILENT)
                continue
            self._shut(relay, refusal.reply)
            tried.append(refusal)
        if is_crowded:
            return None
        ours = [one for one in tried if isinstance(one, Misconfigured)]
        if ours and len(ours) == len(tried):
            raise SessionRefused(ours[0])
        later = [*closed, *(one for one in tried if isinstance(one, Deferred))]
        raise SessionRefused(min(later, key=lambda one: one.wait_seconds or 0.0))

    def _shut(self, relay: _Relay, reply: str) -> None:
        """Open the breaker of a server that takes nothing up; its idle sessions are no use."""
        self._breakers.judge(relay.server.name, RelayVerdict.FAILED, reply)
        with self._lock:
            relay.closed_until = self._clock() + _REMEMBERED_SECONDS
            relay.lost_by.clear()
            useless = [one for one in self._idle if one.relay is relay]
            self._idle = [one for one in self._idle if one.relay is not relay]
        for one in useless:
            one.session.leave()

    def _in_turn(self) -> list[_Relay]:
        """Order the relays: whose turn it is by weight, the others, stand-bys, those shut."""
        with self._lock:
            present = [relay for relay in self._relays if relay.closed_until <= self._clock()]
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
            shut = [relay for relay in self._relays if relay not in present]
        return [*first, *rest, *standing_by, *shut]

    def _tls_context(self) -> ssl.SSLContext:
        """Make the verifying context when it is first needed: it reads the system's authorities."""
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context()
            return self._context


def _left_alone(server: Server, entry: Entry) -> Deferred:
    seconds = entry.closed_seconds
    reason = f"{server} is left alone for {seconds:.0f} s more: {entry.reply}"
    return Deferred(0, reason, counts=False, wait_seconds=seconds)
