"""Every command of the documentation runs, or, where it needs a machine, is one there is."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Failed

from mailer.cli.main import every_command
from tests.cli.conftest import caller
from tests.docs.documents import CHECKOUT, PAGES, Block, Step, blocks_of
from tests.docs.walks import Walk

# Their own tests walk through them: with a process, and with a template that is written on the way.
_WALKED_ELSEWHERE = {"docs/start.md", "docs/templates.md"}


def named(page: Path) -> str:
    return page.relative_to(CHECKOUT).as_posix()


def runs(page: Path) -> bool:
    return any(block.kind == "console" for block in blocks_of(page))


RUN = [page for page in PAGES if runs(page) and named(page) not in _WALKED_ELSEWHERE]


@pytest.mark.parametrize("page", RUN, ids=named)
def test_a_page_can_be_walked_through(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeded_sqlite: Path
) -> None:
    shutil.copyfile(seeded_sqlite, tmp_path / "mailer.db")
    monkeypatch.chdir(tmp_path)
    walk = Walk(caller(monkeypatch), tmp_path, monkeypatch)
    for block in blocks_of(page):
        walk.take(block)
    assert walk.count


def lines_for_a_machine(block: Block) -> list[str]:
    joined = block.body.replace("\\\n", " ")
    return [line for line in joined.splitlines() if re.search(r"(^|[ /\"])mailer ", line)]


COMMANDS = every_command()


def test_every_mailer_in_a_block_for_a_machine_is_a_command_there_is() -> None:
    seen = 0
    for page in PAGES:
        for block in blocks_of(page):
            if block.kind != "sh":
                continue
            for line in lines_for_a_machine(block):
                words = shlex.split(line, comments=True)
                at = [i for i, word in enumerate(words) if word.rpartition("/")[2] == "mailer"]
                for start in at:
                    if understood(words[start + 1 :], f"{named(page)}: {line}"):
                        seen += 1
    assert seen > 5


def understood(words: list[str], where: str) -> bool:
    """Read a command line as typer does, and do nothing."""
    command: Any = COMMANDS
    stop = next((i for i, word in enumerate(words) if word in ("|", ">", "<", "&&", ";")), None)
    rest, name = words[:stop], "mailer"
    if not rest or rest[0] not in command.commands:
        return False  # The word is a user, a host or a folder here.
    while getattr(command, "commands", None) and rest:
        name, *rest = rest
        assert name in command.commands, f"{where}: no command '{name}'"
        command = command.commands[name]
    try:
        command.make_context(name, list(rest))
    except Exception as error:  # noqa: BLE001 - typer's own copy of click has no public name
        pytest.fail(f"{where}: {error}")
    return True


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("mailer runs lst", "no command"),
        ("mailer tick --asof now", "--asof"),
        ("mailer plan", "newsletter"),
    ],
)
def test_a_command_that_is_none_is_found(line: str, wrong: str) -> None:
    with pytest.raises((AssertionError, Failed), match=wrong):
        understood(shlex.split(line)[1:], "here")


@pytest.mark.parametrize(
    ("shown", "printed", "is_kept"),
    [
        ([], "anything\n", True),
        (["one", "two"], "one\ntwo\n", True),
        (["one"], "one\ntwo\n", False),
        (["one", "…"], "one\ntwo\nthree\n", True),
        (["…", "three"], "one\nthree\n", True),
        (["a … c"], "a b c\n", True),
        (["a … c"], "a b d\n", False),
        (["a.c"], "abc\n", False),
    ],
)
def test_what_is_shown_is_held_to_what_is_printed(
    shown: list[str], printed: str, is_kept: bool
) -> None:
    assert Step("mailer x", shown).is_kept(printed) is is_kept
