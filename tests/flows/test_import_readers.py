"""Readers from CSV."""

import pytest

from mailer.core.readers import MailFormat, ReaderState
from mailer.errors import InputError
from mailer.flows.import_readers import import_readers
from mailer.store.database import Database
from mailer.store.readers import list_readers
from tests.flows.conftest import NOON

GOOD = "email,name,locale,timezone,hour,format\nmina@reader.example,Mina,ko,Asia/Seoul,7,text\n"


def test_all_columns_are_taken(database: Database) -> None:
    report = import_readers(database, GOOD.encode(), confirmed=True, now=NOON)

    assert (report.new_count, report.rejected) == (1, ())
    with database.read() as connection:
        [reader] = list_readers(connection)
    assert (reader.email, reader.name) == ("mina@reader.example", "Mina")
    assert (reader.locale, reader.timezone, reader.hour) == ("ko", "Asia/Seoul", 7)
    assert (reader.format, reader.state) == (MailFormat.TEXT, ReaderState.CONFIRMED)


def test_again_changes_nothing_and_nobody_loses_her_confirmation(database: Database) -> None:
    import_readers(database, GOOD.encode(), confirmed=True, now=NOON)

    report = import_readers(database, GOOD.encode(), confirmed=False, now=NOON)

    assert (report.new_count, report.updated_count, report.unchanged_count) == (0, 0, 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no address,,,,,", "not a mail address"),
        ("a@reader.example,,xx-nowhere,,,", "unknown locale 'xx-nowhere'"),
        ("a@reader.example,,,Mars/Olympus,,", "unknown timezone 'Mars/Olympus'"),
        ("a@reader.example,,,../../etc/passwd,,", "unknown timezone"),
        ("a@reader.example,,,,24,", "'24' is no hour of the day"),
        ("a@reader.example,,,,,pdf", "unknown format 'pdf'"),
        ("MINA@Reader.Example,,,,,", "the same reader as line 2"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(
    database: Database, line: str, reason: str
) -> None:
    report = import_readers(
        database,
        f"{GOOD}{line}\nlast@reader.example,,,,,\n".encode(),
        confirmed=False,
        now=NOON,
    )

    assert report.new_count == 2
    [rejected] = report.rejected
    assert rejected.line == 3
    assert reason in rejected.reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'email'"),
        (b"name,address\nMina,mina@reader.example\n", "no column 'email'"),
        (b"email\nm\xfcller@reader.example\n", "not UTF-8"),
        (b"email\n\x00\n", "NUL"),
    ],
)
def test_a_file_that_is_no_list_of_readers_changes_nothing(
    database: Database, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        import_readers(database, content, confirmed=True, now=NOON)


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_what_spreadsheets_write_is_read(database: Database, delimiter: str) -> None:
    lines = [["Name", "Shoe size", "EMAIL"], ["Mina", "38", "m@reader.example"]]
    text = "\ufeff" + "".join(delimiter.join(cells) + "\r\n" for cells in lines)

    report = import_readers(database, text.encode(), confirmed=False, now=NOON)

    assert report.new_count == 1
