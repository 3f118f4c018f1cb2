"""The throttle of one process: its state in memory, the rules for all.

Three rules, in this order:

1. A relay that took none of a window's messages up is left alone for 30 s, doubled up to 15 min;
   then one message probes it, and what becomes of it decides.
2. The installation's rate, and a domain's own, are buckets that hold one second's worth.
3. A domain that says 4xx is limited: each deferral takes 1/N off the N messages that may be on
   their way, each acceptance adds 1/N, and N deferrals without an acceptance between let it rest
   for 30 s, doubled up to 15 min, after which one message goes first. This is Postfix's scheduler
   (https://www.postfix.org/SCHEDULER_README.html) with a feedback of 1/N and one failed cohort.
   A domain that reaches its N again is forgotten.

Messages that wait for a domain get a place in its line, so that a long queue is not asked about
again and again: each comes back about when it can go.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from mailer.core.hygiene import clean_header
from mailer.core.throttles import (
    DomainState,
    Entry,
    Feedback,
    Limits,
    Permit,
    RelayState,
    RelayVerdict,
    Verdict,
    distinct,
)

FIRST_REST = 30.0
LONGEST_REST = 900.0
# As long as a lease: whoever had the ticket is dead by then, or has lost its rows.
TICKET_SECONDS = 60.0
# What one message on its way makes of a second, roughly: it only spaces the line.
TURNS = 2.0
# A limit from which on earlier rests are forgiven.
RECOVERED = 5.0
LONGEST_REPLY = 200
_ROUNDING = 1e-4  # Of a message: seconds since 1970 are exact to a quarter of a microsecond.


@dataclass(slots=True)
class _Domain:
    limit: float
    failed_cohorts: float = 0.0
    resting_until: float = 0.0
    rest_count: int = 0
    line_at: float = 0.0
    full_at: float = 0.0
    reply: str = ""
    tickets: dict[str, tuple[int, float]] = field(default_factory=dict)

    def in_flight(self, now: float) -> int:
        """Count what is on its way, forgetting tickets of the dead."""
        self.tickets = {key: one for key, one in self.tickets.items() if one[1] > now}
        return sum(count for count, _ in self.tickets.values())


@dataclass(slots=True)
class _Relay:
    closed_until: float = 0.0
    failure_count: int = 0
    probed_until: float = 0.0
    reply: str = ""


class MemoryThrottle:
    """Limits what leaves this process; threads may share it."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._full_at = 0.0
        self._domains: dict[str, _Domain] = {}
        self._relays: dict[str, _Relay] = {}
        self._lock = Lock()

    def ask(self, relay: str, domains: Sequence[str], *, now: datetime) -> Permit:
        """Ask for one message to each of these domains, in order."""
        with self._lock:
            return self._ask(relay, domains, now.timestamp())

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
        if not permit.wants(feedback, verdict):
            return
        with self._lock:
            self._tell(permit.ticket, feedback, now.timestamp())
            self._judge(relay, verdict, words, now.timestamp())

    def enter(self, relay: str, *, now: datetime) -> Entry:
        """Ask to try one relay. Who probes it has to `judge` it: nobody else may meanwhile."""
        at = now.timestamp()
        with self._lock:
            known = self._relays.get(relay)
            if known is None:
                return Entry()
            closed = self._closed_seconds(known, at)
            if not closed:
                known.probed_until = at + TICKET_SECONDS
            return Entry(closed, not closed, known.reply)

    def judge(self, relay: str, verdict: RelayVerdict, reply: str, *, now: datetime) -> None:
        """Tell how a relay did that was entered, and its words when it failed."""
        with self._lock:
            self._judge(relay, verdict, reply, now.timestamp())

    def reopen(self, *, now: datetime) -> None:
        """Let every relay that is left alone be tried now, by one message: somebody mended it."""
        with self._lock:
            for known in self._relays.values():
                known.closed_until = known.probed_until = 0.0
                known.failure_count = 1

    def closed_seconds(self, relay: str, *, now: datetime) -> float:
        """Return how long the relay is still left alone; 0 when somebody may try."""
        with self._lock:
            return self._closed_seconds(self._relays.get(relay), now.timestamp())

    def domain_states(self, *, now: datetime) -> list[DomainState]:
        """Return the domains that have not recovered, those that rest longest first."""
        at = now.timestamp()
        with self._lock:
            states = [
                DomainState(
                    domain=name,
                    limit=one.limit,
                    in_flight=one.in_flight(at),
                    resting_seconds=max(0.0, one.resting_until - at),
                    rest_count=one.rest_count,
                    reply=one.reply,
                )
                for name, one in self._domains.items()
                if one.limit < self._limits.concurrency
            ]
        return sorted(states, key=lambda state: (-state.resting_seconds, state.domain))

    def relay_states(self, *, now: datetime) -> list[RelayState]:
        """Return the relays that have failed and not worked since."""
        at = now.timestamp()
        with self._lock:
            return [
                RelayState(name, self._closed_seconds(one, at), one.failure_count, one.reply)
                for name, one in sorted(self._relays.items())
            ]

    def close(self) -> None:
        """Nothing to let go of."""

    @staticmethod
    def _closed_seconds(relay: _Relay | None, now: float) -> float:
        if relay is None:
            return 0.0
        return max(0.0, relay.closed_until - now, relay.probed_until - now)

    def _ask(self, relay: str, domains: Sequence[str], now: float) -> Permit:
        ticket = secrets.token_hex(8)
        known = self._relays.get(relay)
        closed = self._closed_seconds(known, now)
        if closed > 0:
            return Permit(ticket, (-1.0,) * len(domains), 0.0, closed)
        probing = known is not None
        most = 1 if probing else len(domains)
        if self._limits.rate:
            most = min(most, _tokens(self._limits.rate, self._full_at, now))
        waits = []
        granted: dict[str, int] = {}
        for name in domains:
            wait = self._wait(name, granted.get(name, 0), now)
            if wait == 0 and most <= sum(granted.values()):
                wait = -1.0
            if wait == 0:
                granted[name] = granted.get(name, 0) + 1
            waits.append(wait)
        count = sum(granted.values())
        for name, number in granted.items():
            self._note_granted(name, number, ticket, now)
        hold = 0.0
        if self._limits.rate:
            self._full_at = max(self._full_at, now) + count / self._limits.rate
            hold = _until_token(self._limits.rate, self._full_at, now)
        if count and probing and known is not None:
            known.probed_until = now + TICKET_SECONDS
        watched = probing or any(name in self._domains for name in domains)
        return Permit(ticket, tuple(waits), hold, watched=watched)

    def _wait(self, name: str, granted: int, now: float) -> float:
        """Return 0 when one more message to this domain may go, else its place in the line."""
        rate = self._limits.rate_of(name)
        domain = self._domains.get(name)
        if domain is None:
            if not rate:
                return 0.0
            domain = self._domains[name] = _Domain(float(self._limits.concurrency))
        limited = domain.limit < self._limits.concurrency
        if domain.resting_until <= now:
            full = limited and domain.in_flight(now) + granted >= int(domain.limit)
            slow = rate and _tokens(rate, domain.full_at, now) <= granted
            if not (full or slow):
                return 0.0
        spacing = 1 / rate if rate else 1 / (TURNS * max(1.0, domain.limit))
        start = max(now, domain.resting_until)
        domain.line_at = min(max(domain.line_at, start) + spacing, start + LONGEST_REST)
        return domain.line_at - now

    def _note_granted(self, name: str, number: int, ticket: str, now: float) -> None:
        rate = self._limits.rate_of(name)
        domain = self._domains.get(name)
        if domain is None:
            return
        domain.tickets[ticket] = (number, now + TICKET_SECONDS)
        if rate:
            domain.full_at = max(domain.full_at, now) + number / rate

    def _tell(self, ticket: str, feedback: Sequence[Feedback], now: float) -> None:
        for name in distinct([each.domain for each in feedback]):
            if name in self._domains:
                self._domains[name].tickets.pop(ticket, None)
        for each in feedback:
            if each.verdict is Verdict.SLOW:
                self._slow_down(each, now)
            elif each.verdict is Verdict.WELL:
                self._speed_up(each.domain)

    def _judge(self, relay: str, verdict: RelayVerdict, reply: str, now: float) -> None:
        if verdict is RelayVerdict.WORKS:
            self._relays.pop(relay, None)
        elif known := self._relays.get(relay):
            known.probed_until = 0.0
        if verdict is RelayVerdict.FAILED:
            known = self._relays.setdefault(relay, _Relay())
            if known.closed_until <= now:
                known.closed_until = now + rest_seconds(known.failure_count)
                known.failure_count += 1
                known.reply = clean_header(reply, LONGEST_REPLY)

    def _slow_down(self, feedback: Feedback, now: float) -> None:
        top = float(self._limits.concurrency)
        domain = self._domains.setdefault(feedback.domain, _Domain(top))
        domain.reply = feedback.reply
        if domain.resting_until > now:
            return
        domain.failed_cohorts += 1 / domain.limit
        domain.limit = max(1.0, domain.limit - 1 / domain.limit)
        # 20 times 1/N, with N going down: a little over one cohort, and never just below it.
        if domain.failed_cohorts >= 1.0:
            domain.resting_until = now + rest_seconds(domain.rest_count)
            domain.rest_count += 1
            domain.limit, domain.failed_cohorts, domain.line_at = 1.0, 0.0, 0.0

    def _speed_up(self, name: str) -> None:
        domain = self._domains.get(name)
        if domain is None:
            return
        top = float(self._limits.concurrency)
        domain.failed_cohorts = 0.0
        domain.limit = min(top, domain.limit + 1 / domain.limit)
        if domain.limit >= RECOVERED:
            domain.rest_count = 0
        if domain.limit >= top:
            if self._limits.rate_of(name):
                domain.rest_count, domain.reply = 0, ""
            else:
                del self._domains[name]


def rest_seconds(earlier_count: int) -> float:
    """Return how long to leave alone what failed so many times before: 30 s, doubled to 15 min."""
    return min(FIRST_REST * 2.0 ** min(earlier_count, 16), LONGEST_REST)


def _tokens(rate: float, full_at: float, now: float) -> int:
    """Count what a bucket still holds: one second's worth, at least one message."""
    return int((max(1.0, rate) / rate - max(0.0, full_at - now)) * rate + _ROUNDING)


def _until_token(rate: float, full_at: float, now: float) -> float:
    """Return the seconds until the bucket holds one message."""
    return max(0.0, full_at - now - (max(1.0, rate) - 1) / rate)
