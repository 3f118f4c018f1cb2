"""An import of a few lines, and what came of it."""

from datetime import datetime
from io import BytesIO

from mailer.core.reader_imports import ReaderImport
from mailer.core.reader_lines import RejectedLine
from mailer.core.readers import Reader
from mailer.core.tokens import Signer
from mailer.flows.import_readers import import_readers
from mailer.store.database import Database
from mailer.store.readers import list_readers
from tests.flows.conftest import NOON

GOOD = "email,name,locale,timezone,hour,format\nmina@reader.example,Mina,ko,Asia/Seoul,7,text\n"
SIGNER = Signer(("test-secret",))


def take(
    database: Database,
    text: str | bytes,
    *,
    confirmed: bool = True,
    now: datetime = NOON,
    **how: object,
) -> tuple[ReaderImport, list[RejectedLine]]:
    told: list[RejectedLine] = []
    content = text.encode() if isinstance(text, str) else text
    report = import_readers(
        database,
        BytesIO(content),
        confirmed=confirmed,
        consent="Ticked a box" if confirmed else "",
        clock=lambda: now,
        signer=SIGNER,
        tell=told.append,
        **how,  # type: ignore[arg-type]
    )
    assert len(told) == report.rejected_count
    return report, told


def counts(report: ReaderImport) -> tuple[int, int, int, int]:
    return (
        report.new_count,
        report.updated_count,
        report.unchanged_count,
        report.rejected_count,
    )


def readers(database: Database) -> list[Reader]:
    with database.read() as connection:
        return list_readers(connection)
