"""S19: nothing of ours writes a table a spreadsheet would run: there is no CSV to export."""

import ast
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def _writers(source: str) -> list[str]:
    """Return the places of a module that write CSV."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv"))
        or (isinstance(node, ast.Constant) and node.value in ("text/csv", "application/csv"))
    ]


def test_s19_nothing_writes_csv() -> None:
    """Whoever adds an export guards cells that begin with = + - @, tab or CR, and tests it here."""
    modules = sorted((_ROOT / "mailer").rglob("*.py"))
    assert len(modules) > 200
    found = {str(path): _writers(path.read_text()) for path in modules}
    assert {path: places for path, places in found.items() if places} == {}


def test_s19_goes_red_with_a_writer() -> None:
    assert _writers("import csv\nout = csv.writer(stream)") == ["csv.writer"]
    assert _writers('answer(media_type="text/csv")') == ["'text/csv'"]
