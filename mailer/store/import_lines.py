"""The lines of an import: who stood in which, and those that were not taken."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, select

from mailer.core.reader_lines import RejectedLine
from mailer.store.bulk import among, insert_rows
from mailer.store.import_tables import import_lines, import_rejects


def lines_before(connection: Connection, import_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Return in which line of this import these readers stood."""
    found: dict[str, int] = {}
    for condition in among(connection, import_lines.c.email_key, keys):
        rows = connection.execute(
            select(import_lines.c.email_key, import_lines.c.line).where(
                import_lines.c.import_id == import_id, condition
            )
        )
        found.update((row.email_key, row.line) for row in rows)
    return found


def remember_lines(
    connection: Connection, import_id: int, lines: Iterable[tuple[str, int]]
) -> None:
    """Remember who stood in which line."""
    columns = [import_lines.c.import_id, import_lines.c.email_key, import_lines.c.line]
    insert_rows(connection, columns, [(import_id, key, line) for key, line in lines])


def add_rejects(connection: Connection, import_id: int, lines: Sequence[RejectedLine]) -> None:
    """Keep lines that were not taken."""
    if not lines:
        return
    of = import_rejects.c
    columns = [of.import_id, of.line, of.email_key, of.email, of.reason, of.mend, of.cells]
    insert_rows(
        connection,
        columns,
        [(import_id, r.line, r.email_key, r.email, r.reason, r.mend, r.cells) for r in lines],
    )


def rejects_of(
    connection: Connection, import_id: int, *, after_line: int = 0, limit: int = 1000
) -> list[RejectedLine]:
    """Return lines that were not taken, in the order of the file."""
    rows = connection.execute(
        select(import_rejects)
        .where(import_rejects.c.import_id == import_id, import_rejects.c.line > after_line)
        .order_by(import_rejects.c.line)
        .limit(limit)
    )
    return [
        RejectedLine(row.line, row.email, row.reason, row.mend, tuple(row.cells), row.email_key)
        for row in rows
    ]


def forget_rejects(connection: Connection, import_id: int) -> None:
    """Let go of the lines that were not taken, and who stood in which."""
    for table in (import_rejects, import_lines):
        connection.execute(delete(table).where(table.c.import_id == import_id))


def reject_pages(
    connection: Connection, import_id: int, *, at_once: int = 1000
) -> Iterator[RejectedLine]:
    """Yield all lines that were not taken, a page of them in memory."""
    after = 0
    while rows := rejects_of(connection, import_id, after_line=after, limit=at_once):
        yield from rows
        after = rows[-1].line
