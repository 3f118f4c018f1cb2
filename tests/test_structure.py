"""The rules of the house that a program can see."""

import ast
from pathlib import Path

import pytest

_TOP = Path(__file__).parent.parent
_FILES = sorted(
    path
    for folder in ("mailer", "workers", "tests", "bench", "tools")
    for path in _TOP.glob(f"{folder}/**/*.py")
)
_LONGEST = 300
_EMPTY_NAMES = {"base", "common", "helpers", "manager", "service", "utils"}


def _shown(path: Path) -> str:
    return path.relative_to(_TOP).as_posix()


def test_there_are_files_to_look_at() -> None:
    assert len(_FILES) > 20


@pytest.mark.parametrize("path", _FILES, ids=_shown)
def test_a_file_fits_in_one_reading(path: Path) -> None:
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= _LONGEST, f"{_shown(path)} has {length} lines: split it by what it knows"


@pytest.mark.parametrize("path", _FILES, ids=_shown)
def test_a_file_says_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes())), f"{_shown(path)} needs a docstring"
    assert path.stem not in _EMPTY_NAMES, f"{_shown(path)}: name it for what it holds"


def test_each_folder_of_code_is_a_package() -> None:
    folders = {
        path.parent for path in _FILES if path.parts[len(_TOP.parts)] in ("mailer", "workers")
    }
    assert not [
        _shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ]
