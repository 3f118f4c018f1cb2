"""Letters that operators write: drafts, tests, and the runs that carry them."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from mailer.core.adhoc_letters import AdHocLetter, LetterText
from mailer.core.notices import Written
from mailer.errors import InputError, NotFoundError
from mailer.store.adhoc_letter_tables import adhoc_letters
from mailer.store.newsletters import find_newsletter
from mailer.store.tables import newsletters

_UNSENT = adhoc_letters.c.run_id.is_(None)


def add_letter(connection: Connection, text: LetterText, by: str, now: datetime) -> int:
    """Add a draft and return its id; raises NotFoundError for an unknown newsletter."""
    added: int = connection.execute(
        insert(adhoc_letters)
        .values(
            **_values(connection, text),
            written_by=by,
            written_at=now,
            tested_as="",
            tested_to="",
        )
        .returning(adhoc_letters.c.id)
    ).scalar_one()
    return added


def change_letter(
    connection: Connection, letter_id: int, text: LetterText, by: str, now: datetime
) -> None:
    """Write other words into a draft; raises InputError when it was sent."""
    changed = connection.execute(
        update(adhoc_letters)
        .where(adhoc_letters.c.id == letter_id, _UNSENT)
        .values(**_values(connection, text), written_by=by, written_at=now)
    )
    if not changed.rowcount:
        sent = find_letter(connection, letter_id)
        raise InputError(f"letter {sent.id} was sent: write a new one")


def remove_letter(connection: Connection, letter_id: int) -> None:
    """Throw a draft away; raises InputError when it was sent."""
    gone = connection.execute(delete(adhoc_letters).where(adhoc_letters.c.id == letter_id, _UNSENT))
    if not gone.rowcount:
        sent = find_letter(connection, letter_id)
        raise InputError(f"letter {sent.id} was sent: it stays")


def note_test(
    connection: Connection, letter_id: int, *, tested_as: str, to: str, now: datetime
) -> None:
    """Write down that an operator was sent these words."""
    connection.execute(
        update(adhoc_letters)
        .where(adhoc_letters.c.id == letter_id)
        .values(tested_as=tested_as, tested_to=to, tested_at=now)
    )


def hold_letter(connection: Connection, letter_id: int) -> AdHocLetter:
    """Return a letter and hold it until the transaction ends; raises NotFoundError."""
    connection.execute(
        select(adhoc_letters.c.id).where(adhoc_letters.c.id == letter_id).with_for_update()
    )
    return find_letter(connection, letter_id)


def send_by_run(
    connection: Connection, letter_id: int, run_id: int, written: Written, now: datetime
) -> None:
    """Write down which run carries a letter, and what it brings."""
    connection.execute(
        update(adhoc_letters)
        .where(adhoc_letters.c.id == letter_id)
        .values(run_id=run_id, sent_at=now, written=asdict(written))
    )


def find_letter(connection: Connection, letter_id: int) -> AdHocLetter:
    """Return a letter; raises NotFoundError."""
    row = connection.execute(_query().where(adhoc_letters.c.id == letter_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no letter {letter_id}: 'mailer letters list' shows those there are")
    return _letter(row)


def letter_of_run(connection: Connection, run_id: int) -> AdHocLetter:
    """Return the letter a run carries; raises NotFoundError."""
    row = connection.execute(_query().where(adhoc_letters.c.run_id == run_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"run {run_id} carries no letter")
    return _letter(row)


def list_letters(
    connection: Connection, limit: int = 50, *, before_id: int | None = None
) -> list[AdHocLetter]:
    """Return the newest letters, newest first."""
    query = _query().order_by(adhoc_letters.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(adhoc_letters.c.id < before_id)
    return [_letter(row) for row in connection.execute(query)]


def written_of_runs(connection: Connection, run_ids: Collection[int]) -> dict[int, Written]:
    """Return what the letters of these runs bring, by run."""
    rows = connection.execute(
        select(adhoc_letters.c.run_id, adhoc_letters.c.written).where(
            adhoc_letters.c.run_id.in_(run_ids)
        )
    )
    return {row.run_id: Written(**row.written) for row in rows}


def _values(connection: Connection, text: LetterText) -> dict[str, Any]:
    return {
        "newsletter_id": find_newsletter(connection, text.newsletter).id,
        "subject": text.subject,
        "source": text.source,
        "expression": text.expression,
    }


def _query() -> Select[Any]:
    return select(adhoc_letters, newsletters.c.slug.label("newsletter")).join_from(
        adhoc_letters, newsletters
    )


def _letter(row: Row[Any]) -> AdHocLetter:
    return AdHocLetter(
        id=row.id,
        text=LetterText(row.newsletter, row.subject, row.source, row.expression),
        written_by=row.written_by,
        written_at=row.written_at,
        tested_as=row.tested_as,
        tested_at=row.tested_at,
        tested_to=row.tested_to,
        run_id=row.run_id,
        sent_at=row.sent_at,
    )
