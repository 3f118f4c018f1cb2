"""Change an operator: role, whether she works here, password, second factor, sessions."""

from datetime import datetime

from mailer.core.addresses import read_address
from mailer.core.operators import Operator, Role
from mailer.errors import InputError
from mailer.flows.add_operator import AddedOperator, hashed_password, make_link
from mailer.store.audit import record_change
from mailer.store.database import Connection, Database
from mailer.store.operator_sessions import end_sessions
from mailer.store.operators import admin_count, change_operator_row, find_operator


def change_operator(
    database: Database,
    email: str,
    *,
    role: Role | None = None,
    working: bool | None = None,
    password: str = "",
    new_link: bool = False,
    forget_second_factor: bool = False,
    sign_out: bool = False,
    actor: str,
    address: str = "",
    now: datetime,
) -> AddedOperator:
    """Change what is given; whoever is changed must sign in again.

    Raises NotFoundError, and InputError when nobody would be left to keep operators.
    """
    wanted = read_address(email)
    with database.write() as connection:
        operator = find_operator(connection, wanted)
        told: list[str] = []
        token = ""
        if role is not None and role is not operator.role:
            _keep_an_admin(connection, operator, stays=role is Role.ADMIN)
            change_operator_row(connection, operator.id, role=role.value)
            told.append(f"role {operator.role} to {role}")
        if working is not None and working is (operator.ended_at is not None):
            _keep_an_admin(connection, operator, stays=working)
            change_operator_row(connection, operator.id, ended_at=None if working else now)
            told.append("works here again" if working else "works here no longer")
        if password:
            hashed = hashed_password(password, operator.email)
            change_operator_row(
                connection,
                operator.id,
                password_hash=hashed,
                verified_at=operator.verified_at or now,
                link_hash="",
            )
            told.append("new password")
        if new_link:
            # The old password stops working: whoever lost it may have lost it to somebody.
            change_operator_row(connection, operator.id, password_hash="")
            token = make_link(connection, operator.id, now)
            told.append("new one-time link")
        if forget_second_factor and operator.has_second_factor:
            change_operator_row(connection, operator.id, totp_secret="", totp_step=0)
            told.append("second factor forgotten")
        if sign_out:
            told.append("sessions ended")
        if told:
            end_sessions(connection, operator.id, told[0], now)
            record_change(
                connection,
                actor=actor,
                action="operator changed",
                subject=operator.email,
                detail=", ".join(told),
                address=address,
                now=now,
            )
        changed = find_operator(connection, wanted)
    return AddedOperator(changed, token)


def _keep_an_admin(connection: Connection, operator: Operator, *, stays: bool) -> None:
    is_one = operator.role is Role.ADMIN and operator.ended_at is None
    if is_one and not stays and admin_count(connection) == 1:
        raise InputError(f"{operator.email} is the only admin: make somebody else one first")
