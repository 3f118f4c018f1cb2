"""The command line, run in this process as a person would: words in, exit code and output back."""

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailer.cli.main import run


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, and all it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mailer = Callable[..., Result]


@pytest.fixture
def mailer(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mailer:
    """Run `mailer …` on a fresh database, in an empty folder, with mails kept in memory."""
    monkeypatch.setenv("MAILER_DATABASE_URL", database_url)
    monkeypatch.setenv("MAILER_BACKEND", "memory")
    monkeypatch.chdir(tmp_path)
    return caller(monkeypatch)


@pytest.fixture
def mailer_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mailer:
    """Run `mailer …` in an empty folder where no database can be opened."""
    monkeypatch.setenv("MAILER_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    monkeypatch.chdir(tmp_path)
    return caller(monkeypatch)


def caller(monkeypatch: pytest.MonkeyPatch) -> Mailer:
    """Return what runs one command line."""

    def call(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["mailer", *words])
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                run()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0
        return Result(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def seeded(mailer: Mailer, seeded_url: str) -> Mailer:
    """The same, with the seed newsroom loaded."""
    return mailer
