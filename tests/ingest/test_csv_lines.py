"""CSV as people have it: odd line ends, open quotation marks, lines without end."""

import csv
import io
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.ingest.csv_lines import LONGEST, CsvFile, CsvRecord
from mailer.ingest.reader_columns import find_columns, known_names


def read(content: str | bytes, **how: str) -> list[CsvRecord]:
    raw = content.encode() if isinstance(content, str) else content
    file = CsvFile(BytesIO(raw), weigh=known_names, **how)
    found = list(file)
    file.close()
    return found


def cells(records: list[CsvRecord]) -> list[tuple[int, tuple[str, ...]]]:
    assert not [record for record in records if record.problem]
    return [(record.line, record.cells) for record in records]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_counts_as_one_line(end: str) -> None:
    text = end.join(["email,name", 'a@x.example,"two', 'lines"', "", "b@x.example,B"])
    assert cells(read(text)) == [
        (1, ("email", "name")),
        (2, ("a@x.example", f"two{end}lines")),
        (5, ("b@x.example", "B")),
    ]


def test_a_quotation_mark_that_never_closes_costs_its_own_line() -> None:
    text = 'email,name\na@x.example,"A\n' + "".join(f"b{i}@x.example,B\n" for i in range(500))
    records = read(text)

    assert len(records) == 502
    [bad] = [record for record in records if record.problem]
    assert (bad.line, bad.cells[0]) == (2, "a@x.example")
    assert records[-1] == CsvRecord(502, ("b499@x.example", "B"))


def test_an_open_quotation_mark_in_the_last_line_is_told() -> None:
    records = read('email,name\na@x.example,"A')
    assert [bool(record.problem) for record in records] == [False, True]


def test_a_line_without_end_costs_no_memory_and_the_next_is_read() -> None:
    long = "x" * (3 * LONGEST)
    records = read(f"email\na@x.example\n{long}\nb@x.example\n")
    assert [(r.line, r.problem) for r in records] == [
        (1, ""),
        (2, ""),
        (3, "the line is longer than 64 KiB"),
        (4, ""),
    ]


def test_a_line_of_excel_that_names_the_delimiter_is_believed() -> None:
    assert cells(read("sep=;\nemail;a,b,c\nx@x.example;1\n")) == [
        (2, ("email", "a,b,c")),
        (3, ("x@x.example", "1")),
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_lines_only_go_up(content: bytes) -> None:
    try:
        records = read(b"email,name\n" + content)
    except InputError:
        return
    numbers = [record.line for record in records]
    assert numbers == sorted(set(numbers))


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2),
        max_size=20,
    )
)
def test_what_was_written_as_csv_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["email", "name"], *rows])
    whole = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert [c for _, c in cells(read(text.getvalue()))][1:] == whole


@pytest.mark.parametrize(
    "name",
    ["E-Mail", "Email Address", "EMAIL_ADDRESS", "Correo electrónico", "Adresse e-mail", "邮箱",
     "이메일 주소", "メールアドレス", "Indirizzo e-mail", "e-mail-adresse", "Эл. почта"],
)  # fmt: skip
def test_headers_are_known_in_many_languages(name: str) -> None:
    assert find_columns(["x", name], []).places == {"email": 1}
