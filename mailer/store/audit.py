"""The audit log: who changed what, when, from where. Rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from mailer.core.hygiene import clean_header
from mailer.store.operator_tables import audit_log

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `actor` is an operator's address, "key NAME" or "command line"."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    address: str


def record_change(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str = "",
    detail: str = "",
    address: str = "",
    now: datetime,
) -> None:
    """Write one line, in the transaction of the change itself where there is one."""
    connection.execute(
        insert(audit_log).values(
            at=now,
            actor=clean_header(actor, 300),
            action=action,
            subject=clean_header(subject, 300),
            detail=clean_header(detail, 1000),
            address=clean_header(address, 64),
        )
    )


def list_changes(
    connection: Connection,
    *,
    actor: str = "",
    subject: str = "",
    before_id: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return changes, newest first, narrowed by what is given."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if actor:
        query = query.where(audit_log.c.actor == actor)
    if subject:
        query = query.where(audit_log.c.subject == subject)
    if before_id is not None:
        query = query.where(audit_log.c.id < before_id)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]
