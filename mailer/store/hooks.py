"""Hooks: refused calls, used tokens, doubts that a notice ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.deliveries import DeliveryState
from mailer.core.hooks import Provider, Refusal
from mailer.store.bounce_tables import bounces
from mailer.store.hook_tables import hook_refusals, hook_tokens
from mailer.store.ledger_tables import deliveries

_KEPT_FOR = timedelta(days=90)
_MOST_FORGOTTEN = 100
_DOUBTFUL = (DeliveryState.IN_DOUBT.value, DeliveryState.HELD.value)
# SQLite takes 32,766 values in one statement; a batch of a mail service may hold 5,000.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Refused calls of one client for one reason."""

    id: int
    provider: str
    reason: str
    client: str
    count: int
    first_at: datetime
    last_at: datetime


def note_refusal(
    connection: Connection, provider: Provider, refusal: Refusal, client: str, now: datetime
) -> None:
    """Count a refused call, and forget some of long ago."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    some = (
        select(hook_refusals.c.id)
        .where(hook_refusals.c.last_at < now - _KEPT_FOR)
        .limit(_MOST_FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    connection.execute(delete(hook_refusals).where(hook_refusals.c.id.in_(some)))
    connection.execute(
        plain(hook_refusals)
        .values(
            provider=provider.value,
            reason=refusal.value,
            client=client,
            count=1,
            first_at=now,
            last_at=now,
        )
        .on_conflict_do_update(
            index_elements=[
                hook_refusals.c.provider,
                hook_refusals.c.reason,
                hook_refusals.c.client,
            ],
            set_={"count": hook_refusals.c.count + 1, "last_at": now},
        )
    )


def list_refusals(connection: Connection, limit: int = 200) -> list[RefusalRow]:
    """Return refused calls, the latest first."""
    query = select(hook_refusals).order_by(
        hook_refusals.c.last_at.desc(), hook_refusals.c.id.desc()
    )
    return [RefusalRow(**row._mapping) for row in connection.execute(query.limit(limit))]


def use_token(
    connection: Connection,
    provider: Provider,
    token_hash: str,
    body_hash: str,
    *,
    now: datetime,
    kept_for: timedelta,
) -> bool:
    """Use a token for a body, and say whether it was used for no other before.

    Tokens are forgotten once what they signed is too old anyway.
    """
    some = (
        select(hook_tokens.c.token_hash)
        .where(hook_tokens.c.provider == provider.value, hook_tokens.c.used_at < now - kept_for)
        .limit(_MOST_FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    connection.execute(
        delete(hook_tokens).where(
            hook_tokens.c.provider == provider.value, hook_tokens.c.token_hash.in_(some)
        )
    )
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        plain(hook_tokens)
        .values(provider=provider.value, token_hash=token_hash, body_hash=body_hash, used_at=now)
        .on_conflict_do_nothing()
    )
    used = connection.scalar(
        select(hook_tokens.c.body_hash).where(
            hook_tokens.c.provider == provider.value, hook_tokens.c.token_hash == token_hash
        )
    )
    return used == body_hash


def doubtful_among(
    connection: Connection, delivery_ids: Sequence[int], message_ids: Sequence[str]
) -> list[int]:
    """Return the deliveries with these ids or Message-IDs that are in doubt or held."""
    found: set[int] = set()
    doubtful = select(deliveries.c.id).where(deliveries.c.state.in_(_DOUBTFUL))
    for start in range(0, len(delivery_ids), _AT_ONCE):
        part = delivery_ids[start : start + _AT_ONCE]
        found |= set(connection.scalars(doubtful.where(deliveries.c.id.in_(part))))
    for start in range(0, len(message_ids), _AT_ONCE):
        names = message_ids[start : start + _AT_ONCE]
        found |= set(connection.scalars(doubtful.where(deliveries.c.message_id.in_(names))))
    return sorted(found)


def last_notice_at(connection: Connection, source: str) -> datetime | None:
    """Return when a source last told us of something that was recorded."""
    latest: datetime | None = connection.scalar(
        select(func.max(bounces.c.at)).where(bounces.c.source == source)
    )
    return latest
