"""What a command loads before it works: only what it needs, so that it is there at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailer.cli.commands import COMMANDS
from mailer.cli.main import every_command

_EVERY = every_command().commands
_LOADED = """
import sys
from mailer.cli.main import run
sys.argv = ["mailer", *sys.argv[1:]]
try:
    run()
except SystemExit as end:
    assert not end.code, end.code
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
_HEAVY = {"alembic", "celery", "fastapi", "feedparser", "httpx2", "premailer", "psycopg", "redis"}


def loaded_by(words: list[str], folder: Path) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", _LOADED, *words],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split())


def test_help_loads_no_command(tmp_path: Path) -> None:
    assert not loaded_by(["--help"], tmp_path) & {*_HEAVY, "pydantic", "sqlalchemy", "structlog"}


def test_a_look_at_the_database_loads_nothing_that_sends_serves_or_migrates(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    (tmp_path / "mailer.db").write_bytes(migrated_sqlite.read_bytes())
    loaded = loaded_by(["newsletters", "list"], tmp_path)
    assert "sqlalchemy" in loaded
    assert not loaded & _HEAVY


@pytest.mark.parametrize(
    ("name", "line"),
    [(name, entry.line) for panel in COMMANDS.values() for name, entry in panel.items()],
)
def test_the_line_of_help_is_the_command_s_own(name: str, line: str) -> None:
    command = _EVERY[name]
    inner = getattr(command, "commands", None)
    if inner is None:
        assert " ".join(command.help.split("\n\n")[0].split()) == line
    else:
        named = line.replace(",", " ").replace(".", " ").replace(":", " ").replace(";", " ").split()
        assert set(inner) <= set(named), f"'mailer --help' leaves out of '{name}': {inner}"
