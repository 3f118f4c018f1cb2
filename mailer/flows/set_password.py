"""Set a password: by a one-time link, or signed in and with the old one."""

from datetime import datetime

from mailer.core.operators import Operator
from mailer.core.passwords import fits
from mailer.errors import InputError
from mailer.flows.add_operator import hashed_password, link_hash
from mailer.store.audit import record_change
from mailer.store.database import Connection, Database
from mailer.store.operator_sessions import end_sessions
from mailer.store.operators import change_operator_row, operator_by_link, secrets_of

_BAD_LINK = "this link is used up or too old: ask an admin for a new one"


def whose_link(database: Database, token: str, *, now: datetime) -> Operator:
    """Return whom a one-time link belongs to; raises InputError when it is not good any more."""
    with database.read() as connection:
        operator = operator_by_link(connection, link_hash(token), now)
    if operator is None:
        raise InputError(_BAD_LINK)
    return operator


def set_password_by_link(
    database: Database, token: str, password: str, *, address: str = "", now: datetime
) -> Operator:
    """Set the password of whom the link belongs to; the link is then used up."""
    with database.write() as connection:
        operator = operator_by_link(connection, link_hash(token), now)
        if operator is None:
            raise InputError(_BAD_LINK)
        _set(connection, operator, password, address, now)
        change_operator_row(
            connection,
            operator.id,
            link_hash="",
            link_until_at=None,
            verified_at=operator.verified_at or now,
        )
    return operator


def change_own_password(
    database: Database,
    operator: Operator,
    old: str,
    new: str,
    *,
    address: str = "",
    now: datetime,
) -> None:
    """Change a password by whoever knows the old one; all sessions end, this one too."""
    with database.write() as connection:
        kept, _, _ = secrets_of(connection, operator.id)
        if not fits(old, kept):
            raise InputError("the old password is not right")
        _set(connection, operator, new, address, now)


def _set(
    connection: Connection, operator: Operator, password: str, address: str, now: datetime
) -> None:
    hashed = hashed_password(password, operator.email)
    change_operator_row(connection, operator.id, password_hash=hashed)
    end_sessions(connection, operator.id, "new password", now)
    record_change(
        connection,
        actor=operator.email,
        action="password set",
        subject=operator.email,
        address=address,
        now=now,
    )
