"""How the database itself is: its version, its clock, and whether due mail is left lying."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, exists, func, literal, select, text

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.store.ledger_tables import deliveries, runs


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Its version and its clock; None when it has no clock but this machine's."""

    version: str
    now: datetime | None


def database_facts(connection: Connection) -> DatabaseFacts:
    """Ask a database who it is."""
    if connection.dialect.name == "sqlite":
        return DatabaseFacts(str(connection.scalar(text("SELECT sqlite_version()"))), None)
    version = str(connection.scalar(text("SHOW server_version")))
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return DatabaseFacts(version, now.astimezone(UTC))


def oldest_due_at(connection: Connection, now: datetime) -> datetime | None:
    """Return since when the longest due mail of a run that goes on waits to be sent."""
    going = exists().where(
        runs.c.id == deliveries.c.run_id,
        runs.c.state.in_([RunState.SENDING.value, RunState.PLANNING.value]),
    )
    found: datetime | None = connection.scalar(
        select(func.min(deliveries.c.not_before_at)).where(
            deliveries.c.state == literal(DeliveryState.QUEUED.value, literal_execute=True),
            deliveries.c.not_before_at <= now,
            going,
        )
    )
    return found
