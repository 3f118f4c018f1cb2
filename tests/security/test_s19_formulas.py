"""S19: no cell of a table we write is a formula to a spreadsheet (CVE-2018-8092)."""

import ast
import csv
import io
from pathlib import Path

import pytest

from mailer.core import csv_cells
from tests.security.mutations import goes_red

_ROOT = Path(__file__).parents[2]
_FORMULAS = (
    '=HYPERLINK("https://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''@x",
)


def _check() -> None:
    line = csv_cells.csv_line(["a", *_FORMULAS, 7])
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    assert cells[0] == "a"
    for cell in cells[1:-1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    assert [csv_cells.plain_cell(cell) for cell in cells[1:-1]] == list(_FORMULAS)


def test_s19_a_cell_is_never_a_formula_and_reads_back() -> None:
    _check()


def test_s19_goes_red_when_cells_are_written_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_red(_check, monkeypatch, mailer__core__csv_cells__safe_cell=lambda text: text)


def _writers(source: str) -> list[str]:
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv")
    ]


def test_s19_csv_is_written_in_one_place() -> None:
    modules = sorted((_ROOT / "mailer").rglob("*.py"))
    assert len(modules) > 200
    assert [path.name for path in modules if _writers(path.read_text())] == ["csv_cells.py"]
    assert _writers("import csv\nout = csv.DictWriter(stream, names)") == ["csv.DictWriter"]
