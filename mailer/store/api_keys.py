"""Keys of programs: finding, adding and revoking them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from mailer.core.api_keys import ApiKey, Scope
from mailer.errors import NotFoundError
from mailer.store.operator_tables import api_keys

_USED_EVERY = timedelta(minutes=1)


def add_key_row(
    connection: Connection,
    *,
    name: str,
    hint: str,
    key_hash: str,
    scopes: frozenset[Scope],
    now: datetime,
) -> int:
    """Add a key and return its id."""
    added: int = connection.execute(
        insert(api_keys)
        .values(name=name, hint=hint, key_hash=key_hash, scopes=sorted(scopes), created_at=now)
        .returning(api_keys.c.id)
    ).scalar_one()
    return added


def current_key(connection: Connection, key_hash: str) -> ApiKey | None:
    """Return the key of this hash unless it was revoked."""
    row = connection.execute(
        select(api_keys).where(api_keys.c.key_hash == key_hash, api_keys.c.revoked_at.is_(None))
    ).one_or_none()
    return None if row is None else _key(row)


def key_named(connection: Connection, name: str) -> ApiKey | None:
    """Return the current key of this name."""
    row = connection.execute(
        select(api_keys).where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
    ).one_or_none()
    return None if row is None else _key(row)


def find_key(connection: Connection, key_id: int) -> ApiKey:
    """Return the key with this id, a revoked one too; raises NotFoundError."""
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no key {key_id}")
    return _key(row)


def list_keys(connection: Connection) -> list[ApiKey]:
    """Return all keys in the order they were made, revoked ones too."""
    return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.id))]


def note_use(connection: Connection, key_id: int, now: datetime) -> None:
    """Note that a key is used, at most once a minute."""
    connection.execute(
        update(api_keys)
        .where(
            api_keys.c.id == key_id,
            api_keys.c.last_used_at.is_(None) | (api_keys.c.last_used_at < now - _USED_EVERY),
        )
        .values(last_used_at=now)
    )


def revoke(connection: Connection, key_id: int, now: datetime) -> None:
    """Revoke a key: from now on it opens nothing."""
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=now))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint,
        # A scope that a later version took away allows nothing.
        scopes=frozenset(Scope(scope) for scope in row.scopes if scope in list(Scope)),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
