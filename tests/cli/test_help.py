"""The help of every command: an example that can be typed, JSON where one reads, plain in pipes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from mailer.cli.examples import EXAMPLES
from mailer.cli.main import every_command
from tests.cli.conftest import Mailer
from tests.docs.test_commands import understood


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), command


ALL = dict(commands(every_command()))


@pytest.mark.parametrize("name", ALL)
def test_every_command_shows_an_example_that_is_understood(name: str) -> None:
    shown = re.findall(r"Example: (mailer .+)", f"{ALL[name].help}\n{ALL[name].epilog or ''}")
    assert len(shown) == 1, f"'mailer {name}' needs one example: mailer/cli/examples.py"
    words = shlex.split(shown[0])[1:]
    assert words[: len(name.split())] == name.split()
    assert understood(words, shown[0])


def test_no_example_is_of_a_command_that_is_gone() -> None:
    assert set(EXAMPLES) <= set(ALL)


def test_whatever_lists_shows_or_checks_can_answer_in_json() -> None:
    reading = {"list", "show", "next", "check", "plan", "doubtful", "explain", "doctor", "lint"}
    without = [
        name
        for name, command in ALL.items()
        if name.split()[-1] in reading
        and not any("--json" in parameter.opts for parameter in command.params)
    ]
    assert without == []


def test_output_has_colours_on_terminals_only_and_none_where_nobody_wants_them(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[" not in mailer_alone("--help").out
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", mailer_alone("readers", "--help").out)


def test_a_shell_can_complete_commands(mailer_alone: Mailer) -> None:
    assert "--install-completion" in mailer_alone("--help").out
