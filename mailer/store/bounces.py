"""Bounces: recording, counting and listing them, and whose mail they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.bounces import BounceKind, Proof, Report
from mailer.store.bounce_tables import bounces
from mailer.store.ledger_tables import deliveries
from mailer.store.tables import readers, suppressions


@dataclass(frozen=True, slots=True)
class Bounced:
    """The mail a report is about, by our ledger."""

    delivery_id: int | None
    reader_id: int | None
    email: str
    email_key: str


@dataclass(frozen=True, slots=True)
class BounceRow:
    """A report as it was recorded."""

    id: int
    at: datetime
    kind: BounceKind
    proof: Proof
    delivery_id: int | None
    email: str
    recipient: str
    status: str
    diagnostic: str
    reporter: str
    source: str
    action: str


def bounced_mail(connection: Connection, delivery_id: int) -> Bounced | None:
    """Return the mail of a delivery."""
    row = connection.execute(
        select(
            deliveries.c.id, deliveries.c.reader_id, deliveries.c.email, deliveries.c.email_key
        ).where(deliveries.c.id == delivery_id)
    ).one_or_none()
    return None if row is None else Bounced(row.id, row.reader_id, row.email, row.email_key)


def mail_of_message_ids(connection: Connection, message_ids: Sequence[str]) -> Bounced | None:
    """Return the mail that has one of these Message-IDs, the first that is ours."""
    found = {
        row.message_id: Bounced(row.id, row.reader_id, row.email, row.email_key)
        for row in connection.execute(
            select(
                deliveries.c.message_id,
                deliveries.c.id,
                deliveries.c.reader_id,
                deliveries.c.email,
                deliveries.c.email_key,
            ).where(deliveries.c.message_id.in_(message_ids))
        )
    }
    return next((found[each] for each in message_ids if each in found), None)


def reader_of_address(connection: Connection, email_key: str) -> Bounced | None:
    """Return whose address this is now, without any mail: for notices that a service signed."""
    row = connection.execute(
        select(readers.c.id, readers.c.email).where(readers.c.email_key == email_key)
    ).one_or_none()
    return None if row is None else Bounced(None, row.id, row.email, email_key)


def add_bounce(
    connection: Connection,
    report: Report,
    *,
    proof: Proof,
    mail: Bounced | None,
    source: str,
    now: datetime,
) -> int | None:
    """Record a report and return its id; None when it was recorded before."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    finding = report.finding
    return connection.execute(
        plain(bounces)
        .values(
            evidence=report.evidence,
            at=now,
            kind=finding.kind.value,
            proof=proof.value,
            delivery_id=mail.delivery_id if mail else None,
            email=mail.email if mail else "",
            email_key=mail.email_key if mail else "",
            recipient=finding.recipient,
            status=finding.status,
            diagnostic=finding.diagnostic,
            reporter=report.reporter,
            source=source,
            action="recorded",
        )
        .on_conflict_do_nothing(index_elements=[bounces.c.evidence])
        .returning(bounces.c.id)
    ).scalar_one_or_none()


def note_action(connection: Connection, bounce_id: int, action: str) -> None:
    """Note what was done about a report."""
    connection.execute(update(bounces).where(bounces.c.id == bounce_id).values(action=action))


def soft_count(connection: Connection, email_key: str, since: datetime) -> int:
    """Return how many mails to an address came back softly since then.

    What came back before somebody took the address off the list counts no more.
    """
    freed_at = connection.scalar(
        select(func.max(suppressions.c.ended_at)).where(suppressions.c.email_key == email_key)
    )
    count: int = connection.execute(
        select(func.count(bounces.c.delivery_id.distinct())).where(
            bounces.c.email_key == email_key,
            bounces.c.kind == BounceKind.SOFT.value,
            bounces.c.at >= max(since, freed_at or since),
        )
    ).scalar_one()
    return count


def has_address(connection: Connection, reader_id: int, email_key: str) -> bool:
    """Say whether an address is still this reader's."""
    hers = exists().where(readers.c.id == reader_id, readers.c.email_key == email_key)
    return bool(connection.scalar(select(hers)))


def list_bounces(
    connection: Connection,
    *,
    kind: BounceKind | None = None,
    email_key: str = "",
    delivery_id: int | None = None,
    before_id: int | None = None,
    limit: int = 1000,
) -> list[BounceRow]:
    """Return reports, newest first, narrowed by what is given."""
    query = select(bounces).order_by(bounces.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(bounces.c.kind == kind.value)
    if email_key:
        query = query.where(bounces.c.email_key == email_key)
    if delivery_id is not None:
        query = query.where(bounces.c.delivery_id == delivery_id)
    if before_id is not None:
        query = query.where(bounces.c.id < before_id)
    return [
        BounceRow(
            id=row.id,
            at=row.at,
            kind=BounceKind(row.kind),
            proof=Proof(row.proof),
            delivery_id=row.delivery_id,
            email=row.email,
            recipient=row.recipient,
            status=row.status,
            diagnostic=row.diagnostic,
            reporter=row.reporter,
            source=row.source,
            action=row.action,
        )
        for row in connection.execute(query)
    ]
