"""Keep the keys of programs: add and revoke them. Each change stands in the audit log."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from mailer.core.api_keys import ApiKey, Scope, key_hash, key_text
from mailer.core.hygiene import clean_header
from mailer.errors import InputError, NotFoundError
from mailer.store.api_keys import add_key_row, key_named, list_keys, revoke
from mailer.store.audit import record_change
from mailer.store.database import Database

_HINT_CHARACTERS = 9


@dataclass(frozen=True, slots=True)
class AddedKey:
    """The key; `text` is shown once and kept nowhere."""

    key: ApiKey
    text: str


def add_key(
    database: Database,
    name: str,
    scopes: frozenset[Scope],
    *,
    actor: str,
    address: str = "",
    now: datetime,
) -> AddedKey:
    """Add a key for a program; raises InputError when the name is taken."""
    name = clean_header(name, 60)
    if not name:
        raise InputError("a key needs a name: that of the program which will use it")
    text = key_text(secrets.token_urlsafe(32))
    with database.write() as connection:
        if key_named(connection, name) is not None:
            raise InputError(f"there is a key '{name}': revoke it first, or choose another name")
        add_key_row(
            connection,
            name=name,
            hint=text[:_HINT_CHARACTERS],
            key_hash=key_hash(text),
            scopes=scopes,
            now=now,
        )
        record_change(
            connection,
            actor=actor,
            action="key added",
            subject=f"key {name}",
            detail=", ".join(sorted(scopes)),
            address=address,
            now=now,
        )
        key = key_named(connection, name)
    if key is None:
        raise NotFoundError(f"the key '{name}' was revoked at this moment")
    return AddedKey(key, text)


def revoke_key(
    database: Database, name: str, *, actor: str, address: str = "", now: datetime
) -> ApiKey:
    """Revoke the key of this name; again is no change. Raises NotFoundError."""
    with database.write() as connection:
        key = key_named(connection, name)
        if key is None:
            old = [each for each in list_keys(connection) if each.name == name]
            if not old:
                raise NotFoundError(f"no key '{clean_header(name, 60)}': see 'mailer keys list'")
            return old[-1]
        revoke(connection, key.id, now)
        record_change(
            connection,
            actor=actor,
            action="key revoked",
            subject=f"key {name}",
            address=address,
            now=now,
        )
    return key
