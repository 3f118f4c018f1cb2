"""Answers to programs that named their request, so that asking again does nothing twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.store.api_tables import api_answers

# A program retries within hours; after a day a name may be used anew.
KEPT = timedelta(hours=24)
# Longer than any request may take: whoever asked first has died.
_ABANDONED = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was asked under a name, and the answer; no status while it is being given."""

    fingerprint: str
    status: int | None
    document: Any


def claim_answer(
    connection: Connection, key_id: int, name: str, fingerprint: str, now: datetime
) -> GivenAnswer | None:
    """Take a name for a request; None when it is mine to answer, else what there is."""
    connection.execute(
        delete(api_answers).where(
            (api_answers.c.asked_at < now - KEPT)
            | (api_answers.c.status.is_(None) & (api_answers.c.asked_at < now - _ABANDONED))
        )
    )
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    mine = connection.execute(
        plain(api_answers)
        .values(key_id=key_id, name=name, fingerprint=fingerprint, asked_at=now)
        .on_conflict_do_nothing(index_elements=[api_answers.c.key_id, api_answers.c.name])
        .returning(api_answers.c.name)
    ).one_or_none()
    if mine is not None:
        return None
    row = connection.execute(
        select(api_answers).where(api_answers.c.key_id == key_id, api_answers.c.name == name)
    ).one()
    return GivenAnswer(row.fingerprint, row.status, row.document)


def keep_answer(
    connection: Connection, key_id: int, name: str, status: int, document: object
) -> None:
    """Keep the answer that was given."""
    connection.execute(
        update(api_answers)
        .where(api_answers.c.key_id == key_id, api_answers.c.name == name)
        .values(status=status, document=document)
    )


def free_answer(connection: Connection, key_id: int, name: str) -> None:
    """Let a name go whose request was refused: mended, it may be asked again."""
    connection.execute(
        delete(api_answers).where(api_answers.c.key_id == key_id, api_answers.c.name == name)
    )
