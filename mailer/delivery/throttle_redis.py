"""The throttle that all processes share through Redis, by one Lua script.

Redis holds nothing that cannot be lost: flushed, domains are healthy again until they say
otherwise. While it is away each process throttles by itself, and sending goes on (I3).
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from mailer.core.hygiene import clean_header
from mailer.core.throttles import (
    DomainState,
    Entry,
    Feedback,
    Limits,
    Permit,
    RelayState,
    RelayVerdict,
    distinct,
)
from mailer.delivery.throttle import LONGEST_REPLY, MemoryThrottle

_PREFIX = "mailer:throttle:"
_DOMAIN = f"{_PREFIX}domain:"
_RELAY = f"{_PREFIX}relay:"
_RATE = f"{_PREFIX}rate"
_ANSWER_SECONDS = 1.0
_AWAY_SECONDS = 5.0
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class RedisThrottle:
    """Limits what leaves all processes that share a Redis; counts by that server's clock.

    `server_clock` False counts by the caller's `now` instead, which only one machine should.
    """

    def __init__(self, url: str, limits: Limits, *, server_clock: bool = True) -> None:
        self._limits = limits
        self._local = MemoryThrottle(limits)
        self._server_clock = server_clock
        # Connects with the first question, in the process that asks it.
        self._client: Any = Redis.from_url(
            url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS
        )
        code = files("mailer.delivery").joinpath("throttle.lua").read_text(encoding="utf-8")
        self._script: Callable[..., list[bytes]] = self._client.register_script(code)
        self._away_until = 0.0

    def ask(self, relay: str, domains: Sequence[str], *, now: datetime) -> Permit:
        """Ask for one message to each of these domains, in order."""

        def shared() -> Permit:
            ticket = secrets.token_hex(8)
            names = distinct(domains)
            numbers = [names.index(name) + 1 for name in domains]
            hold, closed, watched, *waits = map(
                float, self._call("ask", ticket, relay, names, numbers, now=now)
            )
            return Permit(
                ticket, tuple(waits) or (-1.0,) * len(domains), hold, closed, bool(watched)
            )

        return self._shared(shared, lambda: self._local.ask(relay, domains, now=now))

    def tell(
        self,
        relay: str,
        permit: Permit,
        feedback: Sequence[Feedback],
        verdict: RelayVerdict,
        *,
        now: datetime,
        words: str = "",
    ) -> None:
        """Tell what became of the messages a permit let go; `words` are those of a failed relay."""

        def shared() -> None:
            names = distinct([each.domain for each in feedback])
            said: list[object] = [int(verdict), clean_header(words, LONGEST_REPLY)]
            for each in feedback:
                reply = clean_header(each.reply, LONGEST_REPLY)
                said += [names.index(each.domain) + 1, int(each.verdict), reply]
            self._call("tell", permit.ticket, relay, names, said, now=now)

        if permit.wants(feedback, verdict):
            self._shared(
                shared,
                lambda: self._local.tell(relay, permit, feedback, verdict, now=now, words=words),
            )

    def enter(self, relay: str, *, now: datetime) -> Entry:
        """Ask to try one relay. Who probes it has to `judge` it: nobody else may meanwhile."""

        def shared() -> Entry:
            closed, probing, reply = self._call("enter", "", relay, (), (), now=now)
            return Entry(float(closed), probing == b"1", reply.decode("utf-8", "replace"))

        return self._shared(shared, lambda: self._local.enter(relay, now=now))

    def judge(self, relay: str, verdict: RelayVerdict, reply: str, *, now: datetime) -> None:
        """Tell how a relay did that was entered, and its words when it failed."""

        def shared() -> None:
            said = [int(verdict), clean_header(reply, LONGEST_REPLY)]
            self._call("judge", "", relay, (), said, now=now)

        self._shared(shared, lambda: self._local.judge(relay, verdict, reply, now=now))

    def reopen(self, *, now: datetime) -> None:
        """Let every relay that is left alone be tried now, by one message: somebody mended it."""

        def shared() -> None:
            for name, _ in list(self._hashes(_RELAY)):
                self._call("reopen", "", name, (), (), now=now)

        self._shared(shared, lambda: self._local.reopen(now=now))

    def closed_seconds(self, relay: str, *, now: datetime) -> float:
        """Return how long the relay is still left alone; 0 when somebody may try."""

        def shared() -> float:
            at = self._now(now)
            state = self._client.hgetall(_RELAY + relay)
            return _closed_seconds(state, at) if state else 0.0

        return self._shared(shared, lambda: self._local.closed_seconds(relay, now=now))

    def domain_states(self, *, now: datetime) -> list[DomainState]:
        """Return the domains that have not recovered, those that rest longest first."""

        def shared() -> list[DomainState]:
            at = self._now(now)
            states = [
                _domain_state(name, state, at)
                for name, state in self._hashes(_DOMAIN)
                if float(state.get(b"limit", b"inf")) < self._limits.concurrency
            ]
            return sorted(states, key=lambda state: (-state.resting_seconds, state.domain))

        return self._shared(shared, lambda: self._local.domain_states(now=now))

    def relay_states(self, *, now: datetime) -> list[RelayState]:
        """Return the relays that have failed and not worked since."""

        def shared() -> list[RelayState]:
            at = self._now(now)
            states = [
                RelayState(
                    name,
                    _closed_seconds(state, at),
                    int(float(state[b"failures"])),
                    state.get(b"reply", b"").decode("utf-8", "replace"),
                )
                for name, state in self._hashes(_RELAY)
                if b"failures" in state
            ]
            return sorted(states, key=lambda state: state.relay)

        return self._shared(shared, lambda: self._local.relay_states(now=now))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(
        self,
        verb: str,
        ticket: str,
        relay: str,
        names: Sequence[str],
        words: Sequence[object],
        *,
        now: datetime,
    ) -> list[bytes]:
        keys = [_RATE, _RELAY + relay, *(_DOMAIN + name for name in names)]
        at = "" if self._server_clock else repr(now.timestamp())
        rates = [self._limits.rate_of(name) for name in names]
        settings = [self._limits.rate, self._limits.concurrency, len(names), *rates]
        return self._script(keys=keys, args=[verb, at, ticket, *settings, *words])

    def _now(self, now: datetime) -> float:
        if not self._server_clock:
            return now.timestamp()
        seconds, microseconds = self._client.time()
        return float(seconds) + float(microseconds) / 1e6

    def _hashes(self, prefix: str) -> Iterator[tuple[str, dict[bytes, bytes]]]:
        for key in self._client.scan_iter(match=f"{prefix}*", count=500):
            yield key.decode().removeprefix(prefix), self._client.hgetall(key)

    def _shared(self, shared: Callable[[], _T], local: Callable[[], _T]) -> _T:
        """Do it with Redis; by ourselves while that is away, looking again every few seconds."""
        if time.monotonic() >= self._away_until:
            try:
                return shared()
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + _AWAY_SECONDS
                _log.warning(
                    "Redis is away, this process throttles by itself: %s", clean_header(str(error))
                )
        return local()


def _closed_seconds(state: dict[bytes, bytes], now: float) -> float:
    until = max(float(state.get(b"closed", 0)), float(state.get(b"probed", 0)))
    return max(0.0, until - now)


def _domain_state(name: str, state: dict[bytes, bytes], now: float) -> DomainState:
    in_flight = 0
    for field, value in state.items():
        if field.startswith(b"t:"):
            count, _, until_at = value.partition(b":")
            in_flight += int(count) if float(until_at) > now else 0
    return DomainState(
        domain=name,
        limit=float(state[b"limit"]),
        in_flight=in_flight,
        resting_seconds=max(0.0, float(state[b"resting"]) - now),
        rest_count=int(float(state[b"rests"])),
        reply=state.get(b"reply", b"").decode("utf-8", "replace"),
    )
