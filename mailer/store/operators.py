"""Operators: finding, adding and changing them. Their sessions: store.operator_sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from mailer.core.addresses import Address
from mailer.core.operators import Operator, Role
from mailer.errors import NotFoundError
from mailer.store.operator_tables import operators


def add_operator_row(
    connection: Connection, address: Address, name: str, role: Role, now: datetime
) -> int:
    """Add an operator without a password and return the id."""
    added: int = connection.execute(
        insert(operators)
        .values(
            email=address.shown, email_key=address.key, name=name, role=role.value, created_at=now
        )
        .returning(operators.c.id)
    ).scalar_one()
    return added


def change_operator_row(connection: Connection, operator_id: int, **values: Any) -> None:
    """Write columns of one operator."""
    connection.execute(update(operators).where(operators.c.id == operator_id).values(**values))


def look_up_operator(connection: Connection, address: Address) -> Operator | None:
    """Return the operator with this address, ended ones too, or None."""
    row = connection.execute(
        select(operators).where(operators.c.email_key == address.key)
    ).one_or_none()
    return None if row is None else operator_of(row)


def find_operator(connection: Connection, address: Address) -> Operator:
    """Return the operator with this address; raises NotFoundError."""
    operator = look_up_operator(connection, address)
    if operator is None:
        raise NotFoundError(
            f"no operator '{address.shown}': 'mailer operators list' shows them, "
            "'mailer operators add' adds one"
        )
    return operator


def operator_by_id(connection: Connection, operator_id: int) -> Operator:
    """Return the operator with this id; raises NotFoundError."""
    row = connection.execute(select(operators).where(operators.c.id == operator_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no operator {operator_id}")
    return operator_of(row)


def list_operators(connection: Connection) -> list[Operator]:
    """Return all operators by address, ended ones too."""
    rows = connection.execute(select(operators).order_by(operators.c.email_key))
    return [operator_of(row) for row in rows]


def admin_count(connection: Connection) -> int:
    """Return how many operators keep the others."""
    count: int = connection.execute(
        select(func.count()).where(
            operators.c.role == Role.ADMIN.value, operators.c.ended_at.is_(None)
        )
    ).scalar_one()
    return count


def secrets_of(connection: Connection, operator_id: int) -> tuple[str, str, int]:
    """Return her password's hash, her second factor's secret, and the last step it was used in.

    Held until the transaction ends, so that one code cannot be used twice at once.
    """
    row = connection.execute(
        select(operators.c.password_hash, operators.c.totp_secret, operators.c.totp_step)
        .where(operators.c.id == operator_id)
        .with_for_update()
    ).one()
    return row.password_hash, row.totp_secret, row.totp_step


def operator_by_link(connection: Connection, link_hash: str, now: datetime) -> Operator | None:
    """Return whom this one-time link belongs to, while it is good."""
    row = connection.execute(
        select(operators)
        .where(
            operators.c.link_hash == link_hash,
            operators.c.link_until_at > now,
            operators.c.ended_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    return None if row is None else operator_of(row)


def operator_of(row: Row[Any]) -> Operator:
    """Build an operator from a row that has the columns of `operators`."""
    return Operator(
        id=row.id,
        email=row.email,
        email_key=row.email_key,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        verified_at=row.verified_at,
        ended_at=row.ended_at,
        has_second_factor=bool(row.totp_secret),
    )
