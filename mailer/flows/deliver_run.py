"""Deliver: claim, mark, send, settle, until nothing is due.

No transaction is open while sending.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailer.core.deliveries import LEASE, DeliveryState, LeasedDelivery
from mailer.core.pace import Pace
from mailer.core.recipients import NOT_ALLOWED
from mailer.core.throttles import Feedback, Permit, Verdict, domain_of
from mailer.delivery.breakers import closed_seconds, relays_of, tell_window
from mailer.errors import ServiceAway
from mailer.flows.build_batch import build_batch
from mailer.flows.collect_outcomes import collect_outcomes
from mailer.flows.desk import Desk
from mailer.flows.keep_leases import keep_leases
from mailer.flows.settle_window import Sent, settle_window
from mailer.flows.weigh_outcomes import weigh_outcomes
from mailer.ports import Backend, Deferred, Message, Outcome
from mailer.store.database import Connection
from mailer.store.lease_keeping import prolong
from mailer.store.ledger_lease import claim, hold, mark, release
from mailer.store.ledger_putting_back import put_back, withhold
from mailer.store.ledger_reading import states_of
from mailer.store.ledger_steering import cancel_rows
from mailer.store.runs import finish_run

CLAIM = 64  # Built in one go; at 10 ms a mail that is well inside the lease of 60 s.
_KEEP_AFTER = LEASE / 3
# How long to sleep for a rate before asking again, and again whether to go on.
_LEAST_HOLD_SECONDS = 0.001
_MOST_HOLD_SECONDS = 1.0


@dataclass(slots=True)
class Delivered:
    """What one call did, counted by what became of each delivery.

    `halted` has the server's words when the fault is ours, `paused` says why runs were paused,
    `more` is True when it was told to end before the work was done, and `closed_seconds` is how
    long the relay is left alone because it took nothing up.
    """

    counts: dict[DeliveryState, int] = field(default_factory=dict)
    halted: str = ""
    paused: dict[int, str] = field(default_factory=dict)
    more: bool = False
    closed_seconds: float = 0.0

    def add(self, state: DeliveryState) -> None:
        """Count one."""
        self.counts[state] = self.counts.get(state, 0) + 1


def deliver_run(
    desk: Desk,
    backend: Backend,
    *,
    clock: Callable[[], datetime],
    run_id: int | None = None,
    notices_only: bool = False,
    window: int = 16,
    go_on: Callable[[], bool] = lambda: True,
    sleep: Callable[[float], None] = time.sleep,
) -> Delivered:
    """Send what is due of one run, or of all and notices, and return what became of it.

    At most `window` messages are between mark and settlement: that is what a crash can leave in
    doubt; fewer where they leave slowly (core.pace). Stops when nothing is due, or when the
    outside world says the fault is ours: the run is then paused with the server's words. A run
    whose mails are refused too often pauses itself, and the others go on. `go_on` is asked before
    each window: a worker that is to end says no.
    Raises RestoredDatabase, before anything is claimed.
    """
    done = Delivered()
    touched = {run_id} if run_id is not None else set()
    relays = relays_of(backend) or (backend.name,)
    pace = Pace(window)
    while not (done.halted or done.more or done.closed_seconds):
        if not go_on():
            done.more = True
            break
        done.closed_seconds = closed_seconds(desk.throttle, relays, clock())
        if done.closed_seconds:
            break
        desk.guard.check(desk.database, clock())
        with desk.database.write() as connection:
            now = clock()
            token, leased = _claim(connection, now, run_id, notices_only)
        if not leased:
            break
        touched.update(row.run_id for row in leased if row.run_id is not None)
        with keep_leases(desk.database, token, clock=clock):
            batch = _Batch(desk, backend, clock, go_on, sleep, done, token, pace, kept_at=now)
            batch.send(leased)
        desk.guard.check(desk.database, clock(), sent=True)
    with desk.database.write() as connection:
        for each in sorted(touched):
            cancel_rows(connection, clock(), limit=CLAIM, run_id=each)
            finish_run(connection, each, clock())
    return done


def _claim(
    connection: Connection, now: datetime, run_id: int | None, notices_only: bool
) -> tuple[str, list[LeasedDelivery]]:
    """Claim what is next: a notice, for which somebody waits, passes all that runs have due."""
    if run_id is None:
        token, leased = claim(connection, limit=CLAIM, now=now, notices_only=True)
        if leased or notices_only:
            return token, leased
    return claim(connection, limit=CLAIM, now=now, run_id=run_id)


@dataclass(frozen=True, slots=True)
class _Ready:
    row: LeasedDelivery
    email_key: str
    message: Message


@dataclass(slots=True)
class _Batch:
    """The steps between claim and settlement, for the rows of one lease."""

    desk: Desk
    backend: Backend
    clock: Callable[[], datetime]
    go_on: Callable[[], bool]
    sleep: Callable[[float], None]
    done: Delivered
    token: str
    pace: Pace
    kept_at: datetime

    def send(self, leased: Sequence[LeasedDelivery]) -> None:
        """Build and send leased rows window by window; what is left at a stop is given back."""
        try:
            ready = self._allowed(self._build(leased))
            while ready and not self._must_stop():
                permit, window, ready = self._let_go(ready, self.pace.size)
                if window:
                    self._send_window(permit, window)
        except BaseException:
            # Not their fault: without this they would wait for the lease to end, and lose it.
            with suppress(ServiceAway):
                self._give_back(leased, "its worker stopped")
            raise
        if self.done.halted or self.done.more:
            self._give_back(leased, self.done.halted or "its worker stopped")
        elif self.done.closed_seconds:
            later = dict.fromkeys([row.id for row in leased], self.done.closed_seconds)
            self._put_back(later, "the relay took nothing up and is left alone")

    def _must_stop(self) -> bool:
        self.done.more = not self.go_on()
        return bool(self.done.halted or self.done.more or self.done.closed_seconds)

    def _let_go(self, ready: list[_Ready], size: int) -> tuple[Permit, list[_Ready], list[_Ready]]:
        """Ask the throttle about the next window; returns what may leave now, and what is left.

        Those whose domain waits are put back without an attempt: other domains go on.
        """
        asked, rest = ready[:size], ready[size:]
        domains = [domain_of(one.message.recipient) for one in asked]
        permit = self.desk.throttle.ask(self.backend.name, domains, now=self.clock())
        answers = list(zip(asked, permit.waits, strict=True))
        self._put_back(
            {one.row.id: wait for one, wait in answers if wait > 0},
            "its domain has asked us to slow down",
        )
        self.done.closed_seconds = permit.closed_seconds
        window = [one for one, wait in answers if wait == 0]
        rest = [one for one, wait in answers if wait < 0] + rest
        if rest and not window and not permit.closed_seconds:
            self.sleep(min(max(permit.hold_seconds, _LEAST_HOLD_SECONDS), _MOST_HOLD_SECONDS))
        return permit, window, rest

    def _put_back(self, waits: Mapping[int, float], reason: str) -> None:
        if waits:
            now = self.clock()
            later = {row_id: now + timedelta(seconds=wait) for row_id, wait in waits.items()}
            with self.desk.database.write() as connection:
                put_back(connection, later, self.token, reason)

    def _give_back(self, leased: Sequence[LeasedDelivery], reason: str) -> None:
        with self.desk.database.write() as connection:
            release(connection, [row.id for row in leased], self.token, reason)

    def _build(self, leased: Sequence[LeasedDelivery]) -> list[_Ready]:
        """Build the messages; one that cannot be built is held and harms no other."""
        desk = self.desk
        ready = []
        for row, mail in zip(leased, build_batch(desk, leased, now=self.clock()), strict=True):
            if mail.error is not None or mail.address is None:
                with desk.database.write() as connection:
                    hold(connection, row.id, self.token, self.clock(), mail.reason)
                self.done.add(DeliveryState.HELD)
                continue
            message = Message(
                delivery_id=row.id,
                sender=desk.envelope_sender(row.id, mail.sender),
                recipient=mail.address.wire,
                message_id=row.message_id,
                content=mail.content,
                needs_smtputf8=mail.address.needs_smtputf8,
            )
            ready.append(_Ready(row, mail.address.key, message))
        return ready

    def _allowed(self, ready: list[_Ready]) -> list[_Ready]:
        """Withhold what may not leave this installation, and return the rest."""
        allow = self.desk.allowed.allow
        strangers = [one.row.id for one in ready if not allow(one.message.recipient)]
        if strangers:
            with self.desk.database.write() as connection:
                gone = withhold(connection, strangers, self.token, self.clock(), NOT_ALLOWED)
            for _ in gone:
                self.done.add(DeliveryState.WITHHELD)
        return [one for one in ready if one.row.id not in strangers]

    def _send_window(self, permit: Permit, window: Sequence[_Ready]) -> None:
        """Mark, send and settle one window, and tell the throttle how it went."""
        marked_at = self.clock()
        marked = self._mark(window, marked_at)
        going = [one for one in window if one.row.id in marked]
        outcomes: list[Outcome] = []
        stopped: BaseException | None = None
        feedback = [Feedback(domain_of(one.message.recipient), Verdict.SILENT) for one in window]
        if going and self.clock() - marked_at < LEASE:
            messages = [one.message for one in going]
            outcomes, stopped = collect_outcomes(self.backend, messages)
            feedback += weigh_outcomes(messages, outcomes)
        told_at = self.clock()
        self.pace.went(len(outcomes), told_at - marked_at)
        self.done.closed_seconds = tell_window(
            self.desk.throttle, self.backend, permit, feedback, outcomes, now=told_at
        )
        if going and not outcomes:
            # Frozen since the mark: others may have taken these up. Nothing of them has left.
            late = Deferred(0, "its worker was away for longer than its lease", counts=False)
            outcomes = [late] * len(going)
        if going:
            self._settle(going, outcomes)
        if stopped is not None:
            raise stopped

    def _mark(self, window: Sequence[_Ready], now: datetime) -> set[int]:
        ids = [one.row.id for one in window]
        digests = {one.row.id: _digest(one.message.content) for one in window}
        with self.desk.database.write() as connection:
            if now - self.kept_at >= _KEEP_AFTER:
                # Windows before this one took their time: those that follow need theirs.
                prolong(connection, self.token, now)
                self.kept_at = now
            marked = set(mark(connection, ids, self.token, now, digests))
            if len(marked) == len(ids):
                return marked
            # Neither marked nor withheld: the run was paused, or the time of the mail is over.
            back = set(release(connection, ids, self.token, "its run or its time is over"))
            gone = states_of(connection, sorted(set(ids) - marked - back))
        for state in gone.values():
            if state is DeliveryState.WITHHELD:
                self.done.add(state)
        return marked

    def _settle(self, going: Sequence[_Ready], outcomes: Sequence[Outcome]) -> None:
        settled = settle_window(
            self.desk.database,
            [
                Sent(one.row, one.email_key, outcome)
                for one, outcome in zip(going, outcomes, strict=True)
            ],
            self.token,
            clock=self.clock,
            sleep=self.sleep,
        )
        for state in settled.states.values():
            self.done.add(state)
        self.done.halted = self.done.halted or settled.halted
        self.done.paused.update(settled.paused)


def _digest(content: bytes) -> str:
    """Name the bytes of an attempt, so that the ledger shows whether a resend has the same."""
    return f"content {hashlib.sha256(content).hexdigest()[:16]}"
