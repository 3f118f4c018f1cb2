"""Sessions of operators, and the sign-ins that were tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from mailer.core.operators import SESSION_IDLE, SESSION_LIFE, Operator
from mailer.store.operator_tables import operator_sessions, operators, sign_ins
from mailer.store.operators import operator_of

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in. `confirmed_at` is when she last gave her password."""

    id: int
    operator: Operator
    csrf_token: str
    confirmed_at: datetime


def start_session(
    connection: Connection, operator_id: int, token_hash: str, csrf_token: str, now: datetime
) -> None:
    """Add a session."""
    connection.execute(
        insert(operator_sessions).values(
            operator_id=operator_id,
            token_hash=token_hash,
            csrf_token=csrf_token,
            created_at=now,
            seen_at=now,
            confirmed_at=now,
        )
    )


def find_session(connection: Connection, token_hash: str, now: datetime) -> Session | None:
    """Return the session of a cookie while it lasts and its operator may still work here."""
    row = connection.execute(
        select(
            operators,
            operator_sessions.c.id.label("session_id"),
            operator_sessions.c.csrf_token,
            operator_sessions.c.confirmed_at,
        )
        .join_from(operator_sessions, operators)
        .where(
            operator_sessions.c.token_hash == token_hash,
            operator_sessions.c.ended_at.is_(None),
            operator_sessions.c.seen_at > now - SESSION_IDLE,
            operator_sessions.c.created_at > now - SESSION_LIFE,
            operators.c.ended_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    return Session(row.session_id, operator_of(row), row.csrf_token, row.confirmed_at)


def current_sessions(connection: Connection, now: datetime) -> dict[int, tuple[int, datetime]]:
    """Return by operator how many sessions last, and when she was seen in one."""
    rows = connection.execute(
        select(
            operator_sessions.c.operator_id,
            func.count().label("lasting"),
            func.max(operator_sessions.c.seen_at, type_=operator_sessions.c.seen_at.type).label(
                "seen_at"
            ),
        )
        .where(
            operator_sessions.c.ended_at.is_(None),
            operator_sessions.c.seen_at > now - SESSION_IDLE,
            operator_sessions.c.created_at > now - SESSION_LIFE,
        )
        .group_by(operator_sessions.c.operator_id)
    )
    return {row.operator_id: (row.lasting, row.seen_at) for row in rows}


def touch_session(connection: Connection, session_id: int, now: datetime) -> None:
    """Note that she is still there, at most once a minute."""
    connection.execute(
        update(operator_sessions)
        .where(
            operator_sessions.c.id == session_id, operator_sessions.c.seen_at < now - _SEEN_EVERY
        )
        .values(seen_at=now)
    )


def confirm_session(connection: Connection, session_id: int, now: datetime) -> None:
    """Note that she has just given her password again."""
    connection.execute(
        update(operator_sessions)
        .where(operator_sessions.c.id == session_id)
        .values(confirmed_at=now)
    )


def end_session(connection: Connection, session_id: int, reason: str, now: datetime) -> None:
    """End one session."""
    connection.execute(
        update(operator_sessions)
        .where(operator_sessions.c.id == session_id, operator_sessions.c.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


def end_sessions(connection: Connection, operator_id: int, reason: str, now: datetime) -> None:
    """End all sessions of an operator: her password, role or second factor changed."""
    connection.execute(
        update(operator_sessions)
        .where(
            operator_sessions.c.operator_id == operator_id, operator_sessions.c.ended_at.is_(None)
        )
        .values(ended_at=now, end_reason=reason)
    )


def record_sign_in(connection: Connection, email_key: str, address: str, now: datetime) -> int:
    """Note an attempt as failed until it has succeeded, and return its id."""
    added: int = connection.execute(
        insert(sign_ins)
        .values(email_key=email_key, address=address, at=now, succeeded=False)
        .returning(sign_ins.c.id)
    ).scalar_one()
    return added


def sign_in_succeeded(connection: Connection, sign_in_id: int) -> None:
    """Note that this attempt succeeded."""
    connection.execute(update(sign_ins).where(sign_ins.c.id == sign_in_id).values(succeeded=True))


def failures_since(
    connection: Connection, *, email_key: str = "", address: str = "", since: datetime
) -> int:
    """Return how many attempts failed for an account since its last success, or for an address."""
    query = select(func.count()).where(sign_ins.c.at > since, ~sign_ins.c.succeeded)
    if email_key:
        last = (
            select(func.max(sign_ins.c.id))
            .where(sign_ins.c.email_key == email_key, sign_ins.c.succeeded)
            .scalar_subquery()
        )
        query = query.where(
            sign_ins.c.email_key == email_key, sign_ins.c.id > func.coalesce(last, 0)
        )
    if address:
        query = query.where(sign_ins.c.address == address)
    count: int = connection.execute(query).scalar_one()
    return count
