"""Readers from lists: every line counted, bad ones named, nobody written to again in silence."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest

from mailer.core.csv_cells import reject_header, reject_line
from mailer.core.reader_imports import LEASE, ImportState, Reading
from mailer.core.readers import MailFormat, ReaderState
from mailer.errors import InputError
from mailer.flows.run_import import run_import
from mailer.store.database import Database
from mailer.store.import_lines import reject_pages
from mailer.store.reader_imports import (
    claim_import,
    find_import,
    list_imports,
    open_import,
    purge_imports,
)
from tests.flows.conftest import NOON
from tests.flows.imports import GOOD, SIGNER, counts, readers, take


def test_all_columns_are_taken(database: Database) -> None:
    report, _ = take(database, GOOD)

    assert counts(report) == (1, 0, 0, 0)
    [reader] = readers(database)
    assert (reader.email, reader.name) == ("mina@reader.example", "Mina")
    assert (reader.locale, reader.timezone, reader.hour) == ("ko", "Asia/Seoul", 7)
    assert (reader.format, reader.state) == (MailFormat.TEXT, ReaderState.CONFIRMED)


def test_again_changes_nothing_and_nobody_loses_her_confirmation(database: Database) -> None:
    take(database, GOOD)

    report, _ = take(database, GOOD, confirmed=False)

    assert counts(report) == (0, 0, 1, 0)
    assert readers(database)[0].state is ReaderState.CONFIRMED


@pytest.mark.parametrize(
    ("line", "reason", "mend"),
    [
        ("no address,,,,,", "not a mail address", "such as name@example.org"),
        ("Mina <mina@new.example>,,,,,", "not a mail address", "write mina@new.example"),
        ("mina(at)new.example,,,,,", "not a mail address", "write mina@new.example"),
        (",Mina,,,,", "no address", "or take the line out"),
        ("a@b.example b@b.example,,,,,", "not a mail address", "one address a line"),
        ("a@reader.example,,xx-nowhere,,,", "unknown locale 'xx-nowhere'", "zh-Hans"),
        ("a@reader.example,,,Mars/Olympus,,", "unknown timezone 'Mars/Olympus'", "Asia/Seoul"),
        ("a@reader.example,,,../../etc/passwd,,", "unknown timezone", "Asia/Seoul"),
        ("a@reader.example,,,,24,", "'24' is no hour of the day", "0 to 23"),
        ("a@reader.example,,,,,pdf", "unknown format 'pdf'", "html or text"),
        ("MINA@Reader.Example,,,,,", "the same reader as line 2", "keep one"),
        ("a@reader.example,Kim, Mina,,,,text", "7 cells, and the first line names 6", "quotation"),
        ("a@reader.example,M\0na,,,,", "NUL", "take them out"),
        ('a@reader.example,"Mina,,,,', "quotation mark opens", "close the cell"),
    ],
)
def test_a_bad_line_is_named_with_its_mend_and_the_others_are_taken(
    database: Database, line: str, reason: str, mend: str
) -> None:
    report, told = take(database, f"{GOOD}{line}\nlast@reader.example,,,,,\n")

    assert counts(report) == (2, 0, 0, 1)
    [rejected] = told
    assert rejected.line == 3
    assert reason in rejected.reason
    assert mend in rejected.mend
    with database.read() as connection:
        assert list(reject_pages(connection, report.id, at_once=1)) == told


def test_rejected_lines_that_were_mended_are_taken_from_their_file(database: Database) -> None:
    report, told = take(
        database,
        'email,name\n=1+1@reader.example,"=HYPERLINK(""http://x"")"\nx,"+82 Kim, Mina"\n',
    )
    assert counts(report) == (1, 0, 0, 1)
    away = reject_header(report.found.header) + "".join(
        reject_line(report.found.header, r) for r in told
    )
    assert away.splitlines()[0] == "rejected line,reason,mend,email,name"
    assert ',"\'+82 Kim, Mina"' in away

    again, _ = take(database, away.replace(",x,", ",x@reader.example,"))

    assert counts(again) == (1, 0, 0, 0)
    assert readers(database)[1].name == "+82 Kim, Mina", "no apostrophe came into her name"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"name,shoe size\nMina,38\n", "no column holds addresses"),
        (b"from,to\na@x.example,b@x.example\n", "more than one column holds addresses"),
        (b"PK\x03\x04rest", "an Excel or zip file"),
        (b"email\n" + bytes(2000), "full of NUL"),
    ],
)
def test_a_file_that_is_no_list_of_readers_changes_nothing(
    database: Database, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        take(database, content)
    with database.read() as connection:
        assert list_imports(connection) == []


@pytest.mark.parametrize("delimiter", [";", "\t", ",", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_what_spreadsheets_write_is_read(database: Database, delimiter: str, encoding: str) -> None:
    lines = [["이름", "Shoe size", "E-Mail-Adresse"], ["미나", "38", "m@reader.example"]]
    text = "".join(delimiter.join(cells) + "\r\n" for cells in lines)

    report, _ = take(database, text.encode(encoding))

    assert report.new_count == 1
    assert readers(database)[0].name == "미나"


def test_a_file_in_an_old_encoding_is_read_and_it_is_told(database: Database) -> None:
    report, _ = take(database, "email,name\nm@reader.example,Müller\n".encode("latin-1"))
    assert readers(database)[0].name == "Müller"
    assert "read as Windows-1252" in report.notes[0]

    korean = "email,name\nk@reader.example,김민아\n".encode("euc-kr")
    take(database, korean, reading=Reading(encoding="euc-kr"))
    assert readers(database)[1].name == "김민아"


def test_columns_can_be_named_and_a_plain_list_of_addresses_needs_none(database: Database) -> None:
    take(database, "x,y\nMina,m@reader.example\n", reading=Reading(columns={"name": "x"}))
    assert readers(database)[0].name == "Mina"

    report, _ = take(database, "a@reader.example\nb@reader.example\n")
    assert counts(report) == (2, 0, 0, 0)
    assert "no line names the columns" in report.notes[0]


def test_a_dry_import_tells_the_same_and_leaves_nothing(database: Database) -> None:
    text = f"{GOOD}x,,,,,\nMINA@reader.example,,,,,\n"
    dry, told = take(database, text, dry=True)
    assert (readers(database), counts(dry)) == ([], (1, 0, 0, 2))
    with database.read() as connection:
        assert list_imports(connection) == []

    real, _ = take(database, text)
    assert counts(real) == counts(dry)
    assert [line.line for line in told] == [3, 4]


def stopping_after(turns: int) -> Callable[[], bool]:
    left = iter(range(turns))
    return lambda: next(left, None) is not None


def test_an_import_that_was_killed_goes_on_where_it_stood(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.flows.run_import.BATCH", 10)
    lines = [f"r{i}@reader.example" for i in range(35)]
    lines[20] = lines[3]
    content = BytesIO(("email\n" + "\n".join(lines) + "\n").encode())
    with database.write() as connection:
        import_id = open_import(
            connection,
            name="x.csv",
            actor="test",
            state=ImportState.IMPORTING,
            confirmed=True,
            consent="x",
            reading=Reading(),
            size_bytes=len(content.getvalue()),
            now=NOON,
        )
        job = claim_import(connection, "first", NOON)
    assert job is not None
    part = run_import(
        database, SIGNER, job, "first", content, clock=lambda: NOON, go_on=stopping_after(2)
    )
    assert (part.state, part.record_count) == (ImportState.IMPORTING, 20)
    with database.write() as connection:
        assert claim_import(connection, "second", NOON) is None, "its lease lasts"
        job = claim_import(connection, "second", NOON + LEASE + timedelta(seconds=1))
    assert job is not None
    late = run_import(database, SIGNER, part, "first", content, clock=lambda: NOON)
    assert late.record_count == 20, "who lost the lease writes nothing"

    done = run_import(database, SIGNER, job, "second", content, clock=lambda: NOON)

    assert (done.state, counts(done)) == (ImportState.DONE, (34, 0, 0, 1))
    with database.read() as connection:
        [rejected] = reject_pages(connection, import_id)
    assert (rejected.line, rejected.reason) == (22, "the same reader as line 5")
    assert len(readers(database)) == 34


def test_rejected_lines_are_let_go_after_a_month(database: Database) -> None:
    report, _ = take(database, "email\nx\n")
    with database.write() as connection:
        purge_imports(connection, NOON + timedelta(days=31))
        assert list(reject_pages(connection, report.id)) == []
        assert find_import(connection, report.id).rejected_count == 1
