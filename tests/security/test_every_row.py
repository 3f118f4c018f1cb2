"""docs/security.md and this folder name the same threats: no row is without its test."""

import ast
import re
from pathlib import Path

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[1] / "docs" / "security.md"


def _rows(page: str) -> set[int]:
    return {int(number) for number in re.findall(r"^\| S(\d+) \|", page, re.MULTILINE)}


def _tested(folder: Path) -> set[int]:
    """Return the rows with a test of their own: file and function named after the row."""
    rows = set()
    for path in folder.glob("test_s[0-9][0-9]_*.py"):
        number = path.name[6:8]
        names = [
            node.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        if any(re.match(rf"test_s0?{int(number)}_", name) for name in names):
            rows.add(int(number))
    return rows


def test_every_row_has_its_test_and_every_test_its_row() -> None:
    assert _rows(_PAGE.read_text()) == _tested(_HERE) == set(range(1, 28))


def test_a_row_without_a_test_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "test_s05_x.py").write_text("def test_s05_a() -> None: ...")
    (tmp_path / "test_s06_x.py").write_text("def test_s05_b() -> None: ...")
    assert _tested(tmp_path) == {5}
