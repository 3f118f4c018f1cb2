"""Add an operator: with a password, or with a one-time link by which she sets her own."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.core.operators import LINK_LIFE, Operator, Role
from mailer.core.passwords import SALT_BYTES, hash_password, read_password
from mailer.errors import InputError
from mailer.store.audit import record_change
from mailer.store.database import Connection, Database
from mailer.store.operators import (
    add_operator_row,
    admin_count,
    change_operator_row,
    find_operator,
    look_up_operator,
)


@dataclass(frozen=True, slots=True)
class AddedOperator:
    """The operator, and the one-time link's token: empty when she has a password."""

    operator: Operator
    link_token: str


def add_operator(
    database: Database,
    email: str,
    *,
    role: Role | None,
    name: str = "",
    password: str = "",
    actor: str,
    address: str = "",
    now: datetime,
) -> AddedOperator:
    """Add an operator; the first one is an admin, whoever comes later a viewer by default.

    Raises InputError for an address or password that cannot be used, or that is there already.
    """
    wanted = read_address(email)
    hashed = hashed_password(password, wanted.shown) if password else ""
    with database.write() as connection:
        if look_up_operator(connection, wanted) is not None:
            raise InputError(
                f"'{wanted.shown}' is an operator already: "
                f"'mailer operators edit {wanted.shown}' changes role or password"
            )
        first = admin_count(connection) == 0
        role = role or (Role.ADMIN if first else Role.VIEWER)
        if first and role is not Role.ADMIN:
            raise InputError(f"the first operator must be an admin, not {role}: nobody keeps her")
        operator_id = add_operator_row(connection, wanted, clean_header(name, 100), role, now)
        token = ""
        if hashed:
            change_operator_row(connection, operator_id, password_hash=hashed, verified_at=now)
        else:
            token = make_link(connection, operator_id, now)
        record_change(
            connection,
            actor=actor,
            action="operator added",
            subject=wanted.shown,
            detail=f"role {role}",
            address=address,
            now=now,
        )
        operator = find_operator(connection, wanted)
    return AddedOperator(operator, token)


def hashed_password(password: str, email: str) -> str:
    """Return the hash of an acceptable password; raises InputError for another."""
    return hash_password(read_password(password, email), secrets.token_bytes(SALT_BYTES))


def make_link(connection: Connection, operator_id: int, now: datetime) -> str:
    """Return a new one-time link's token; an older link stops working."""
    token = secrets.token_urlsafe(32)
    change_operator_row(
        connection, operator_id, link_hash=link_hash(token), link_until_at=now + LINK_LIFE
    )
    return token


def link_hash(token: str) -> str:
    """Return what is kept of a one-time link or a session: its bits are random enough."""
    return hashlib.sha256(token.encode()).hexdigest()
