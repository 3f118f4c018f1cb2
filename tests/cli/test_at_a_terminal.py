"""What a person has on a terminal that no pipe has; and a mail opened in her browser."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_PATIENCE = 60
# A terminal of its own, or Ctrl-C would not reach it.
_AT_A_TERMINAL = """
import os, sys
os.login_tty(0)
os.execv(sys.executable, [sys.executable, "-m", "mailer", *sys.argv[1:]])
"""


class Terminal:
    """A command on a terminal of its own: what it shows is read, and keys are pressed."""

    def __init__(self, *words: str, environment: dict[str, str], folder: Path) -> None:
        self._mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _AT_A_TERMINAL, *words],
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80"} | environment,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def read_until(self, words: str) -> str:
        """Return all that is shown up to and with these words."""
        shown, end = "", time.monotonic() + _PATIENCE
        while words not in shown:
            ready, _, _ = select.select([self._mine], [], [], end - time.monotonic())
            assert ready, f"waited in vain for {words!r} after:\n{shown[-2000:]}"
            shown += os.read(self._mine, 65_536).decode(errors="replace")
        return shown

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._mine, keys.encode())

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._mine)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A watch over the alert, where somebody's own subject is the one that counts."""
    subject = tmp_path / "own" / "email" / "alert" / "subject.txt"
    subject.parent.mkdir(parents=True)
    subject.write_text("First words\n", encoding="utf-8")
    opened = Terminal(
        *("preview", "alert", "--watch", "--part", "headers"),
        environment={"MAILER_TEMPLATES": "own", "MAILER_DATABASE_URL": "sqlite:////nowhere.db"},
        folder=tmp_path,
    )
    yield opened
    opened.close()


def test_a_watched_preview_follows_what_is_saved(terminal: Terminal, tmp_path: Path) -> None:
    subject = tmp_path / "own" / "email" / "alert" / "subject.txt"
    assert "drawn anew on every save" in terminal.read_until("Subject: First words")

    subject.write_text("Second words\n", encoding="utf-8")
    # The screen is emptied first: nothing of the first mail is left to be taken for the second.
    assert "\x1b[2J" in terminal.read_until("Subject: Second words")

    subject.write_text("{{ mail.plaice }}\n", encoding="utf-8")
    told = terminal.read_until("> ")
    assert "subject.txt, line 1: no 'plaice' here: did you mean 'place'?" in told
    assert "\x1b[2J" in told

    subject.write_text("Third words\n", encoding="utf-8")
    terminal.read_until("Subject: Third words")
    terminal.press("\x03")
    assert terminal.process.wait(timeout=_PATIENCE) == 0


def test_a_browser_gets_the_page_of_the_mail(tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened.html"
    browser.write_text(
        f'#!/bin/sh\ncp "${{1#file://}}" {shlex.quote(str(opened))}.part\n'
        f"mv {shlex.quote(str(opened))}.part {shlex.quote(str(opened))}\n",
        encoding="utf-8",
    )
    browser.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "mailer", "preview", "welcome", "--browser"],
        env=os.environ | {"BROWSER": str(browser), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.removeprefix("opened ").strip())
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert opened.read_text(encoding="utf-8") == page


PLAN = ("plan", "asia-daily", "daily", "--as-of", "2026-10-22T07:00:00+09:00")


def test_a_plan_shows_how_far_it_is_to_whoever_looks(tmp_path: Path, seeded_sqlite: Path) -> None:
    shutil.copyfile(seeded_sqlite, tmp_path / "mailer.db")
    environment = {"MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'mailer.db'}"}
    opened = Terminal(*PLAN, environment=environment, folder=tmp_path)
    try:
        shown = opened.read_until("plan hash")
        assert "planning" in shown
        assert shown.index("planning") < shown.index("@")
        assert opened.process.wait(timeout=_PATIENCE) == 0
    finally:
        opened.close()
    # What is piped on is the plan and nothing else, though the errors are seen on a terminal.
    for words in (PLAN, (*PLAN, "--json")):
        mine, theirs = pty.openpty()
        piped = subprocess.run(
            [sys.executable, "-m", "mailer", *words],
            env=os.environ | {"TERM": "xterm"} | environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        os.close(theirs)
        assert "planning" not in piped.stdout
        assert "hash" in piped.stdout
        with pytest.raises(OSError, match="Input/output error"):
            os.read(mine, 1)
        os.close(mine)
