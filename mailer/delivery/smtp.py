"""The SMTP backend: windows of messages over connections that stay open.

What a reply means stands in `smtp_replies`, what is said when in `smtp_flight`, which server is
talked to in `smtp_relays`; here is what becomes of the messages a broken conversation left behind.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from mailer.core.hygiene import clean_header
from mailer.delivery.breakers import Breakers
from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_flight import Landing, fly
from mailer.delivery.smtp_relays import Relays
from mailer.delivery.smtp_servers import Server, read_server
from mailer.delivery.smtp_session import Manner, Session, SessionRefused
from mailer.delivery.smtp_timeouts import Timeouts
from mailer.delivery.wire import unfit
from mailer.errors import BackendError
from mailer.ports import (
    Backend,
    BackendOptions,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
)

_MOST_LOST = 2
_MOST_AHEAD = 100_000  # Of one at a time is the body under way; the outcomes come at the end.
_RFC_TIMEOUTS = Timeouts()


class SmtpBackend:
    """Sends over SMTP, one recipient a message, to `servers` by weight or to those that answer.

    At most `window` messages are under way on a connection, and their outcomes come together. A
    message whose connection dies before its body could leave is tried once more, on another; two
    in a row that still lose theirs, or a server that cannot be entered, end the trying: what is
    left of the call gets that outcome untried. A call may take as long as `timeouts` allow for
    each message. Threads may share a backend: each uses one of `connections`, or waits for one.

    A code of 0 in an outcome means that no server said it.
    """

    name = "smtp"

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        helo_name: str = "",
        window: int = 16,
        connections: int = 1,
        timeouts: Timeouts = _RFC_TIMEOUTS,
        clock: Callable[[], float] = time.monotonic,
        breakers: Breakers | None = None,
    ) -> None:
        if not servers:
            raise BackendError(
                "the smtp backend needs a server: set MAILER_SMTP_URL to smtp://host:25, "
                "smtp+starttls://user:password@host:587 or smtps://user:password@host:465"
            )
        if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]{0,255}", helo_name):
            raise BackendError(
                f"'{clean_header(helo_name, 60)}' cannot stand in EHLO: "
                "use this machine's full host name in ASCII"
            )
        self._window = window
        self._relays = Relays(
            servers,
            helo_name=helo_name,
            timeouts=timeouts,
            connections=connections,
            clock=clock,
            breakers=breakers,
        )
        self.relays = tuple(server.name for server in servers)

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order. Between two outcomes nothing is under way, so a caller may stop."""
        call = _Call(messages)
        for number in range(len(messages)):
            while (outcome := call.outcomes[number]) is None:
                self._send_some(call)
            yield outcome
        if call.stopped is not None:
            raise call.stopped

    def close(self) -> None:
        """Say QUIT and close the connections, those in use once they are free; may be repeated."""
        self._relays.close()

    def _send_some(self, call: "_Call") -> None:
        """Take the next messages a step further: as many as their session may carry at once."""
        try:
            session = self._relays.take()
        except SessionRefused as refused:
            call.give_up(refused.outcome)
            return
        except BaseException as stopped:  # noqa: BLE001 - raised again once the outcomes are told
            call.stop(stopped)
            return
        try:
            manner = self._relays.manner_of(session)
            room = max(1, session.server.most_messages - session.carried_count)
            most = 1 if self._relays.is_probing(session) else min(self._most_of(manner), room)
            numbers = call.next_for(session, most)
            if not numbers:
                return
            messages = [call.messages[number] for number in numbers]
            landing = fly(session, messages, manner)
            self._relays.judge(session, messages, landing)
            if landing.too_fast:
                self._relays.slow_down(session, manner)
        finally:
            self._relays.give_back(session)
        call.record(numbers, landing)

    def _most_of(self, manner: Manner) -> int:
        """Give how many messages go in one flight: where bodies wait for their 354, any number."""
        return {Manner.WINDOW: self._window, Manner.AHEAD: _MOST_AHEAD}.get(manner, 1)


class _Call:
    """The messages of one call: what is known of each, and which are still to be tried."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.outcomes: list[Outcome | None] = [unfit(message) for message in messages]
        self.stopped: BaseException | None = None
        self._waiting = deque(
            number for number, outcome in enumerate(self.outcomes) if outcome is None
        )
        self._tried_once: set[int] = set()
        self._lost_count = 0

    def next_for(self, session: Session, most: int) -> list[int]:
        """Take the next messages this session can carry; those it cannot are refused."""
        numbers: list[int] = []
        while self._waiting and len(numbers) < most:
            number = self._waiting.popleft()
            refused = session.cannot_carry(self.messages[number])
            if refused is None:
                numbers.append(number)
            self.outcomes[number] = refused
        return numbers

    def record(self, numbers: Sequence[int], landing: Landing) -> None:
        """Keep what a flight came to; what never left goes on waiting, or is given up."""
        for number, outcome in zip(numbers, landing.outcomes, strict=True):
            self.outcomes[number] = outcome
            if outcome is not None and not isinstance(outcome, InDoubt):
                self._lost_count = 0
        unsent = [number for number in numbers if self.outcomes[number] is None]
        self._waiting.extendleft(reversed(unsent))
        if landing.stopped is not None:
            self.stop(landing.stopped)
        elif landing.refused is not None:
            self.give_up(landing.refused)
        elif landing.lost is not None:
            doubtful = any(isinstance(outcome, InDoubt) for outcome in landing.outcomes)
            blamed = unsent[0] if unsent and not doubtful else None
            self._lose(landing.lost, blamed, too_fast=landing.too_fast)

    def _lose(self, lost: SessionLost, blamed: int | None, *, too_fast: bool) -> None:
        """Count a lost conversation; `blamed` is the unsent message it broke off at.

        One that was only too fast for its server is tried again, and more slowly each time.
        """
        if blamed is not None:
            if too_fast:
                return
            if blamed not in self._tried_once and not lost.timed_out:
                self._tried_once.add(blamed)
                return
            self._waiting.remove(blamed)
            self.outcomes[blamed] = Deferred(lost.code, str(lost), counts=False)
        self._lost_count += 1
        if self._lost_count >= _MOST_LOST:
            reason = f"not tried: {self._lost_count} were lost: {lost}"
            self.give_up(Deferred(0, reason, counts=False))

    def give_up(self, outcome: Deferred | Misconfigured) -> None:
        """Give every message that still waits this outcome, untried."""
        while self._waiting:
            self.outcomes[self._waiting.popleft()] = outcome

    def stop(self, stopped: BaseException) -> None:
        """Note what interrupted us, to be raised behind the outcomes."""
        self.stopped = stopped
        self.give_up(Deferred(0, "the worker was stopped", counts=False))


def open_smtp(options: BackendOptions) -> Backend:
    """Build the SMTP backend on `options.smtp_urls`; connects when the first message comes."""
    return SmtpBackend(
        [read_server(url, options.smtp_password_command) for url in options.smtp_urls],
        helo_name=options.helo_name,
        window=options.smtp_window,
        connections=options.smtp_connections,
        breakers=Breakers(options.throttle, options.clock),
    )
