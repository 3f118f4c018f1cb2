"""Suppressions as operators see them: listed with their evidence, and lifted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailer.store.tables import suppressions


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must get nothing, and why. `email` is the address's key."""

    id: int
    email: str
    reason: str
    evidence: str
    started_at: datetime
    ended_at: datetime | None


def list_suppressions(
    connection: Connection,
    *,
    words: str = "",
    email_key: str = "",
    ended: bool = False,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Suppression]:
    """Return suppressions, newest first; those that ended only when asked for."""
    query = select(suppressions).order_by(suppressions.c.id.desc()).limit(limit)
    if not ended:
        query = query.where(suppressions.c.ended_at.is_(None))
    if words:
        query = query.where(suppressions.c.email_key.icontains(words, autoescape=True))
    if email_key:
        query = query.where(suppressions.c.email_key == email_key)
    if before_id is not None:
        query = query.where(suppressions.c.id < before_id)
    return [
        Suppression(row.id, row.email_key, row.reason, row.evidence, row.started_at, row.ended_at)
        for row in connection.execute(query)
    ]


def lift_suppression(connection: Connection, email_key: str, now: datetime) -> bool:
    """Let an address have mail again; False when it was not suppressed."""
    ended = connection.execute(
        update(suppressions)
        .where(suppressions.c.email_key == email_key, suppressions.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return ended.rowcount > 0


def suppressed_keys(connection: Connection) -> frozenset[str]:
    """Return the keys of all addresses that must get nothing now."""
    return frozenset(
        connection.scalars(
            select(suppressions.c.email_key).where(suppressions.c.ended_at.is_(None))
        )
    )
