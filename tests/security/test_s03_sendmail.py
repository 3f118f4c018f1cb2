"""S3: no program is started with an address among its arguments; there is no sendmail backend."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.delivery.registry import BUILT_IN
from mailer.delivery.wire import unfit_path

_ROOT = Path(__file__).parents[2]
# What starts a program, and why it may: none of them hands over anything of a mail.
_STARTERS = {
    "mailer/delivery/smtp_servers.py": "the operator's own command that prints a password",
    "workers/serving.py": "our own 'mailer drain'",
}
_CALLS = {"system", "popen", "execv", "execve", "execvp", "spawnl", "spawnv", "posix_spawn"}


def starters(code: str) -> Iterator[str]:
    """Yield what in this code starts a program."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = getattr(node, "module", None)
            if "subprocess" in [*names, module]:
                yield "subprocess"
        elif isinstance(node, ast.Attribute) and node.attr in _CALLS:
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            yield "shell"


def _files() -> list[Path]:
    return sorted([*(_ROOT / "mailer").rglob("*.py"), *(_ROOT / "workers").rglob("*.py")])


def test_s3_no_mail_is_handed_to_a_program() -> None:
    assert "sendmail" not in BUILT_IN
    found = {
        str(path.relative_to(_ROOT)): sorted(set(starters(path.read_text(encoding="utf-8"))))
        for path in _files()
    }
    mail_ways = {
        path
        for path, calls in found.items()
        if calls and path.startswith(("mailer/delivery/", "mailer/flows/", "mailer/bounces/"))
    }
    assert mail_ways <= set(_STARTERS)
    assert not any("shell" in calls or "system" in calls for calls in found.values())


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run(['/usr/sbin/sendmail', '-f', sender])",
        "import os\nos.system(f'sendmail {recipient}')",
        "from subprocess import Popen",
        "run(command, shell=True)",
    ],
)
def test_s3_goes_red_when_a_program_is_started(code: str) -> None:
    assert list(starters(code))


@pytest.mark.parametrize("address", ["a b@x.test", "a@x.test> SIZE=1", "a@x.test\r\nDATA", "<a@x>"])
def test_s3_nothing_but_one_address_stands_in_a_command(address: str) -> None:
    assert unfit_path(address)
