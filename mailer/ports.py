"""The seams: what the flows ask of the outside world, and the values that cross.

A port earns its place by two real implementations. Backends stand in `mailer.delivery`, bells in
`workers`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO, runtime_checkable

from mailer.core.throttles import DomainState, Entry, Feedback, Permit, RelayState, RelayVerdict


@dataclass(frozen=True, slots=True)
class Message:
    """One mail on its way to one recipient.

    `content` is the whole message with CRLF line ends, ready for the wire, not dot-stuffed.
    `sender` and `recipient` are the envelope's. `message_id` includes the angle brackets.
    """

    delivery_id: int
    sender: str
    recipient: str
    message_id: str
    content: bytes
    needs_smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server (or folder, or screen) has taken responsibility; `reply` is its last line."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: try again later. `counts` is False when the message was never judged.

    `wait_seconds` when the server said how long to wait; our own schedule may wait longer.
    """

    code: int
    reply: str
    counts: bool = True
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never to this address. `suppress` when the address itself is bad (5.1.x, 5.2.1)."""

    code: int
    reply: str
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Our fault or the relay's, not the reader's: halt the run, touch no address."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The body left and no answer came: it may have been accepted. Never resend silently."""

    reply: str


Outcome = Accepted | Deferred | Refused | Misconfigured | InDoubt


@runtime_checkable
class Backend(Protocol):
    """Hand messages to the outside world, each at most once per call.

    `send` yields one Outcome per message, in order, and never raises for what a message or a
    server does. A caller that stops reading early leaves the rest in doubt.
    Source: RFC 5321 section 4.2.1 for the reply classes.
    """

    name: str

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        ...

    def close(self) -> None:
        """Let go of connections and files; may be called twice."""
        ...


@runtime_checkable
class KeepsRelays(Protocol):
    """A backend that asks the throttle about each of its `relays` by itself."""

    relays: Sequence[str]


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """What a backend may be built from; each takes what it needs.

    `stream` is where the console backend writes; None is standard output.
    `draw_html` turns HTML into lines of at most `html_width` columns for the console; without it,
    or with 0 columns, none is drawn. A backend of several relays asks the `throttle` by the `clock`
    which may be tried; without them it counts by itself.
    """

    smtp_urls: tuple[str, ...] = ()
    smtp_window: int = 16
    smtp_connections: int = 1
    smtp_password_command: str = ""
    helo_name: str = ""
    http_url: str = ""
    http_token: str = ""
    maildir: Path = field(default_factory=lambda: Path("mail"))
    stream: TextIO | None = None
    html_width: int = 78
    draw_html: Callable[[str, int], str] | None = None
    throttle: "Throttle | None" = None
    clock: Callable[[], datetime] | None = None


class BackendFactory(Protocol):
    """What an entry point of group `mailer.backends` names."""

    def __call__(self, options: BackendOptions) -> Backend:
        """Build a backend; raises BackendError with the mend when the options do not allow it."""
        ...


class Throttle(Protocol):
    """Say how fast mail may leave: by installation, by domain, by relay.

    Asked before a window is marked, told after it was sent. A throttle that counts for many
    processes may count by a clock of its own instead of `now`. Never raises, never blocks for long.
    """

    def ask(self, relay: str, domains: Sequence[str], *, now: datetime) -> Permit:
        """Ask for one message to each of these domains, in order."""
        ...

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
        ...

    def enter(self, relay: str, *, now: datetime) -> Entry:
        """Ask to try one relay. Who probes it has to `judge` it: nobody else may meanwhile."""
        ...

    def judge(self, relay: str, verdict: RelayVerdict, reply: str, *, now: datetime) -> None:
        """Tell how a relay did that was entered, and its words when it failed."""
        ...

    def reopen(self, *, now: datetime) -> None:
        """Let every relay that is left alone be tried now, by one message: somebody mended it."""
        ...

    def closed_seconds(self, relay: str, *, now: datetime) -> float:
        """Return how long the relay is still left alone; 0 when somebody may try."""
        ...

    def domain_states(self, *, now: datetime) -> list[DomainState]:
        """Return the domains that have not recovered, those that rest longest first."""
        ...

    def relay_states(self, *, now: datetime) -> list[RelayState]:
        """Return the relays that have failed and not worked since."""
        ...

    def close(self) -> None:
        """Let go of connections; may be called twice."""
        ...


class Bell(Protocol):
    """Tell workers that work may be due. A lost ring costs seconds, a doubled one nothing (I3)."""

    def ring_plan(self, run_id: int) -> None:
        """A run waits to be planned."""
        ...

    def ring_deliver(self, run_id: int, *, alert: bool = False) -> None:
        """A run has deliveries due; somebody waits for those of an alert."""
        ...

    def ring_notice(self) -> None:
        """A notice is due; somebody waits for it."""
        ...
