"""Circuit breakers: which relays are left alone, and what outcomes say of a relay.

The rules and the counts are the throttle's, which processes may share; here is what a backend
needs of them. A backend with several relays asks about each, so that one that is away leaves the
others to carry all; any other backend is one relay by its own name.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mailer.core.throttles import Entry, Feedback, Permit, RelayVerdict
from mailer.delivery.throttle import MemoryThrottle
from mailer.ports import Backend, Deferred, InDoubt, KeepsRelays, Misconfigured, Outcome, Throttle


class Breakers:
    """The breakers of one backend's relays; without a throttle they are its own."""

    def __init__(
        self, throttle: Throttle | None = None, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._throttle = throttle or MemoryThrottle()
        self._clock = clock or (lambda: datetime.now(UTC))

    def enter(self, relay: str) -> Entry:
        """Ask whether a relay may be tried; who probes it must `judge` it afterwards."""
        return self._throttle.enter(relay, now=self._clock())

    def judge(self, relay: str, verdict: RelayVerdict, reply: str = "") -> None:
        """Tell how a relay did, and its words when it failed."""
        self._throttle.judge(relay, verdict, reply, now=self._clock())


def weigh_relay(outcomes: Sequence[Outcome | None]) -> tuple[RelayVerdict, str]:
    """Return what outcomes say of the relay, and its words; None is a message that never left.

    A relay has failed when it judged none of the messages and at least one was surely not taken: a
    single answer lost after the body says little, and a backend soon stops by itself. What is our
    own fault says nothing of the relay here: that run is paused, and resumed when it is mended.
    """
    untaken = [one for one in outcomes if one is None or _is_untaken(one)]
    silent = [one for one in outcomes if isinstance(one, InDoubt | Misconfigured)]
    if len(untaken) + len(silent) < len(outcomes):
        return RelayVerdict.WORKS, ""
    if not untaken or any(isinstance(one, Misconfigured) for one in silent):
        return RelayVerdict.SILENT, ""
    return RelayVerdict.FAILED, next((one.reply for one in untaken if one is not None), "")


def relays_of(backend: Backend) -> tuple[str, ...]:
    """Return the relays that a backend asks about by itself; none when it is one by its name."""
    return tuple(backend.relays) if isinstance(backend, KeepsRelays) else ()


def closed_seconds(throttle: Throttle, names: Sequence[str], now: datetime) -> float:
    """Return how long none of these relays may be tried; 0 when one of them may."""
    return min((throttle.closed_seconds(name, now=now) for name in names), default=0.0)


def tell_window(
    throttle: Throttle,
    backend: Backend,
    permit: Permit,
    feedback: Sequence[Feedback],
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
) -> float:
    """Tell the throttle how a window went; returns for how long no other need be tried."""
    verdict, words = weigh_relay(outcomes)
    own = relays_of(backend)
    told = RelayVerdict.SILENT if own else verdict
    throttle.tell(backend.name, permit, feedback, told, now=now, words=words)
    failed = verdict is RelayVerdict.FAILED
    return closed_seconds(throttle, own or (backend.name,), now) if failed else 0.0


def _is_untaken(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred) and not outcome.counts
