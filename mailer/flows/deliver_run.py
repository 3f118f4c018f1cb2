"""Deliver: claim, mark, send, settle, until nothing is due.

No transaction is open while sending.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState, LeasedDelivery, retry_delay
from mailer.core.runs import RunState
from mailer.errors import InputError, RenderError
from mailer.flows.desk import Desk
from mailer.flows.write_letters import letters_of_rows
from mailer.ports import (
    Accepted,
    Backend,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)
from mailer.render.message import build_message
from mailer.store.ledger_lease import claim, hold, mark, release
from mailer.store.ledger_reading import read_deliveries
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.readers import suppress
from mailer.store.runs import finish_run, move_run
from mailer.store.tags import read_vocabulary

CLAIM = 64  # Built in one go; at 10 ms a mail that is well inside the lease of 60 s.
_UNJUDGED_WAIT = timedelta(seconds=30)


@dataclass(slots=True)
class Delivered:
    """What one call did, counted by what became of each delivery."""

    counts: dict[DeliveryState, int] = field(default_factory=dict)
    halted: str = ""

    def add(self, state: DeliveryState) -> None:
        """Count one."""
        self.counts[state] = self.counts.get(state, 0) + 1


def deliver_run(
    desk: Desk,
    backend: Backend,
    *,
    clock: Callable[[], datetime],
    run_id: int | None = None,
    window: int = 16,
) -> Delivered:
    """Send what is due of one run, or of all, and return what became of it.

    At most `window` messages are between mark and settlement: that is what a crash can leave in
    doubt. Stops when nothing is due, or when the outside world says the fault is ours: the run is
    then paused with the server's words.
    """
    batch = _Batch(desk, backend, clock, window)
    touched = {run_id} if run_id is not None else set()
    while not batch.done.halted:
        with desk.database.write() as connection:
            token, leased = claim(connection, limit=CLAIM, now=clock(), run_id=run_id)
        if not leased:
            break
        touched.update(row.run_id for row in leased)
        batch.send(leased, token)
    with desk.database.write() as connection:
        for each in touched:
            finish_run(connection, each, clock())
    return batch.done


@dataclass(frozen=True, slots=True)
class _Ready:
    row: LeasedDelivery
    email_key: str
    message: Message


class _Batch:
    """The steps between claim and settlement, for the rows of one lease at a time."""

    def __init__(
        self, desk: Desk, backend: Backend, clock: Callable[[], datetime], window: int
    ) -> None:
        self._desk = desk
        self._backend = backend
        self._clock = clock
        self._window = window
        self.done = Delivered()

    def send(self, leased: Sequence[LeasedDelivery], token: str) -> None:
        """Build and send leased rows window by window; what a halt leaves is given back."""
        ready = self._build(leased, token)
        for start in range(0, len(ready), self._window):
            self._send_window(ready[start : start + self._window], token)
            if self.done.halted:
                with self._desk.database.write() as connection:
                    release(connection, [row.id for row in leased], token, self.done.halted)
                return

    def _build(self, leased: Sequence[LeasedDelivery], token: str) -> list[_Ready]:
        """Build the messages; one that cannot be built is held and harms no other."""
        desk = self._desk
        with desk.database.read() as connection:
            vocabulary = read_vocabulary(connection)
            rows = read_deliveries(connection, [row.id for row in leased])
            letters = letters_of_rows(connection, rows, vocabulary)
        ready = []
        for row, letter in zip(leased, letters, strict=True):
            try:
                address = read_address(letter.email)
                mail = desk.renderer.render(letter, vocabulary)
                content = build_message(letter, mail, desk.site, desk.signer)
            except (RenderError, InputError) as error:
                with desk.database.write() as connection:
                    reason = f"cannot be built: {error}"
                    hold(connection, row.id, token, self._clock(), reason)
                self.done.add(DeliveryState.HELD)
                continue
            message = Message(
                delivery_id=row.id,
                sender=letter.newsletter.sender_address,
                recipient=address.wire,
                message_id=letter.message_id,
                content=content,
                needs_smtputf8=address.needs_smtputf8,
            )
            ready.append(_Ready(row, address.key, message))
        return ready

    def _send_window(self, window: Sequence[_Ready], token: str) -> None:
        """Mark, send and settle one window."""
        ids = [one.row.id for one in window]
        with self._desk.database.write() as connection:
            marked = set(mark(connection, ids, token, self._clock()))
            # A row that is neither marked nor withheld belongs to a run that was paused meanwhile.
            released = set(release(connection, ids, token, "its run was stopped"))
        for one in window:
            if one.row.id not in marked | released:
                self.done.add(DeliveryState.WITHHELD)
        going = [one for one in window if one.row.id in marked]
        if not going:
            return
        outcomes = _outcomes(self._backend, [one.message for one in going])
        self._settle(going, outcomes, token)

    def _settle(self, going: Sequence[_Ready], outcomes: Sequence[Outcome], token: str) -> None:
        now = self._clock()
        settlements = []
        with self._desk.database.write() as connection:
            for one, outcome in zip(going, outcomes, strict=True):
                settlement = _settlement(one.row, outcome, now)
                settlements.append(settlement)
                self.done.add(settlement.state)
                if isinstance(outcome, Refused) and outcome.suppress:
                    suppress(connection, one.email_key, "refused by the server", outcome.reply, now)
                if isinstance(outcome, Misconfigured):
                    self.done.halted = self.done.halted or outcome.reply
                    move_run(
                        connection,
                        one.row.run_id,
                        to=RunState.PAUSED,
                        of=[RunState.SENDING, RunState.PLANNING],
                        reason=f"the fault is ours: {outcome.code} {outcome.reply}",
                    )
            settle(connection, settlements, token, now)


def _outcomes(backend: Backend, messages: Sequence[Message]) -> list[Outcome]:
    """Send, and return one outcome per message; what a backend leaves unanswered is in doubt."""
    outcomes: list[Outcome] = []
    unanswered = "the backend gave no answer"
    try:
        outcomes.extend(backend.send(messages))
    except Exception as error:  # noqa: BLE001 - a backend of somebody else's may break its word
        unanswered = f"the backend failed: {type(error).__name__}: {error}"
    missing = len(messages) - len(outcomes)
    return outcomes[: len(messages)] + [InDoubt(unanswered)] * missing


def _settlement(row: LeasedDelivery, outcome: Outcome, now: datetime) -> Settlement:
    match outcome:
        case Accepted(code, reply):
            return Settlement(row.id, DeliveryState.ACCEPTED, "accepted", code, reply)
        case Refused(code, reply):
            return Settlement(row.id, DeliveryState.REFUSED, "refused", code, reply)
        case InDoubt(reply):
            return Settlement(row.id, DeliveryState.IN_DOUBT, "in doubt", None, reply)
        case Misconfigured(code, reply):
            return Settlement(
                row.id, DeliveryState.QUEUED, "halted", code, reply, now, counts=False
            )
        case Deferred(code, reply, counts):
            wait = retry_delay(row.attempt_count + 1, row.key) if counts else _UNJUDGED_WAIT
            return Settlement(
                row.id, DeliveryState.QUEUED, "deferred", code, reply, now + wait, counts
            )
