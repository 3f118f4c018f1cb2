"""Mailboxes that are looked at by the clock: whose turn it is, and how the last look went."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.store.mailbox_tables import mailbox_looks

BOUNCES = "bounces"
# Longer than a look at a full mailbox takes: whoever claimed it has died.
CLAIM = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MailboxLook:
    """How looks at a mailbox go; `message_count` is of all looks together."""

    due_at: datetime
    looked_at: datetime | None
    succeeded_at: datetime | None
    message_count: int
    failure_count: int
    last_error: str


def claim_look(connection: Connection, name: str, now: datetime) -> bool:
    """Take the look that is due; False when none is, or somebody else has it."""
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(plain(mailbox_looks).values(name=name, due_at=now).on_conflict_do_nothing())
    claimed = connection.execute(
        update(mailbox_looks)
        .where(mailbox_looks.c.name == name, mailbox_looks.c.due_at <= now)
        .values(due_at=now + CLAIM)
    )
    return claimed.rowcount > 0


def record_look(
    connection: Connection,
    name: str,
    *,
    count: int,
    error: str,
    every: timedelta,
    now: datetime,
) -> None:
    """Write down a look; after failures the next waits longer, up to an hour."""
    of = mailbox_looks.c
    failures = (connection.scalar(select(of.failure_count).where(of.name == name)) or 0) + 1
    values: dict[str, object] = {"looked_at": now, "message_count": of.message_count + count}
    if error:
        wait = max(every, min(every * 2 ** min(failures - 1, 10), _LONGEST_WAIT))
        values |= {"failure_count": failures, "last_error": error, "due_at": now + wait}
    else:
        values |= {
            "failure_count": 0,
            "last_error": "",
            "succeeded_at": now,
            "due_at": now + every,
        }
    connection.execute(update(mailbox_looks).where(of.name == name).values(values))


def find_look(connection: Connection, name: str) -> MailboxLook | None:
    """Return how looks at a mailbox go; None when nobody has looked yet."""
    row = connection.execute(
        select(mailbox_looks).where(mailbox_looks.c.name == name)
    ).one_or_none()
    if row is None:
        return None
    return MailboxLook(
        row.due_at,
        row.looked_at,
        row.succeeded_at,
        row.message_count,
        row.failure_count,
        row.last_error,
    )
