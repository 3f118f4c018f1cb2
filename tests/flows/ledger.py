"""A ledger with one run whose mails wait, and a worker that needs nothing to be rendered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text, update

from mailer.core.deliveries import DeliveryState, LeasedDelivery
from mailer.core.readers import Cadence
from mailer.core.runs import Run, RunState, hash_text
from mailer.core.tokens import Signer
from mailer.delivery.throttle import MemoryThrottle
from mailer.flows.check_ledger import check_ledger
from mailer.flows.settle_window import Sent, Settled, settle_window
from mailer.flows.steer_run import Steer, steer_run
from mailer.ports import Accepted, Deferred, InDoubt, Outcome, Refused
from mailer.store.database import Database
from mailer.store.ledger_lease import claim, mark
from mailer.store.ledger_reading import DeliveryRow, EventRow, events_of, list_deliveries
from mailer.store.ledger_tables import deliveries, run_shards, runs
from mailer.store.runs import find_run
from tests.builders import NOON
from tests.store.rows import Room, open_room

SIGNER = Signer(("test-secret",))
YES = Accepted(250, "2.0.0 queued as 1")
NO = Refused(550, "5.7.1 not here")
LATER = Deferred(451, "4.7.1 greylisted")
NOBODY_KNOWS = InDoubt("the connection was lost")


@dataclass
class Batch:
    """Claimed rows under their token."""

    database: Database
    token: str
    rows: list[LeasedDelivery]

    def mark(self, now: datetime = NOON) -> list[int]:
        with self.database.write() as connection:
            return mark(connection, [row.id for row in self.rows], self.token, now)

    def answer(self, *outcomes: Outcome, now: datetime = NOON) -> Settled:
        sent = [
            Sent(row, f"key-{row.id}@example.org", outcome)
            for row, outcome in zip(self.rows, outcomes, strict=True)
        ]
        return settle_window(self.database, sent, self.token, clock=lambda: now)


@dataclass
class Ledger:
    """Short words for what happens to a run."""

    room: Room

    @property
    def database(self) -> Database:
        return self.room.database

    @property
    def run(self) -> Run:
        with self.database.read() as connection:
            return find_run(connection, self.room.run_id)

    def run_state(self) -> RunState:
        return self.run.state

    @property
    def rows(self) -> list[DeliveryRow]:
        with self.database.read() as connection:
            return list_deliveries(connection)

    @property
    def states(self) -> list[DeliveryState]:
        return [row.state for row in self.rows]

    @property
    def given(self) -> list[bool]:
        """For each delivery, whether its stories count as given."""
        return [all(item.given for item in row.items) for row in self.rows]

    def events(self, delivery_id: int) -> list[EventRow]:
        with self.database.read() as connection:
            return events_of(connection, delivery_id)

    def claim(self, limit: int = 100, now: datetime = NOON) -> Batch:
        with self.database.write() as connection:
            token, rows = claim(connection, limit=limit, now=now)
        return Batch(self.database, token, rows)

    def mark(self, limit: int = 100, now: datetime = NOON) -> Batch:
        batch = self.claim(limit, now)
        assert len(batch.mark(now)) == len(batch.rows)
        return batch

    def send(self, *outcomes: Outcome, now: datetime = NOON) -> Settled:
        """Claim, mark and settle as many rows as there are outcomes, in the order of ids."""
        return self.mark(len(outcomes), now).answer(*outcomes, now=now)

    def steer(self, action: Steer, now: datetime = NOON, reason: str = "") -> Run:
        return steer_run(
            self.database,
            self.room.run_id,
            action,
            now=now,
            signer=SIGNER,
            throttle=MemoryThrottle(),
            reason=reason,
        )

    def execute(self, *statements: str) -> None:
        """Execute SQL; times in it are UTC."""
        with self.database.write() as connection:
            if not self.database.is_sqlite:
                connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
            for statement in statements:
                connection.execute(text(statement))

    def broken(self, now: datetime = NOON) -> dict[str, tuple[int, ...]]:
        """The invariants that do not hold, each with the ids that break it."""
        found = check_ledger(self.database, now=now)
        return {each.invariant.name: each.ids for each in found if each.count}


def open_ledger(
    database: Database, mails: int = 3, *, cadence: Cadence = Cadence.DAILY, planned: bool = True
) -> Ledger:
    """A run that is sending, with so many mails of two stories, all due at noon."""
    room = open_room(database, mails)
    with database.write() as connection:
        connection.execute(update(runs).values(cadence=cadence.value))
        connection.execute(update(deliveries).values(kind=cadence.kind))
        if planned:
            connection.execute(
                update(run_shards).values(
                    planned_at=NOON, planned_count=mails, plan_hash=hash_text(7)
                )
            )
    return Ledger(room)


def keys(database: Database) -> Sequence[str]:
    """The keys of all deliveries by id."""
    with database.read() as connection:
        return connection.scalars(select(deliveries.c.key).order_by(deliveries.c.id)).all()
