"""S21: no foreign text steers the terminal or the log of whoever looks at it."""

import io
import json
from collections.abc import Callable

import pytest

from mailer.delivery import open_backend
from mailer.ports import BackendOptions
from tests.cli.conftest import Mailer, mailer
from tests.delivery.messages import a_message
from tests.security.mutations import goes_red

__all__ = ["mailer"]

_EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31mred\x08\x7f\u202etxt.exe"


def _harmless(text: str) -> bool:
    return not any(
        (ord(one) < 32 and one not in "\n\t") or 0x7F <= ord(one) < 0xA0 or one == "\u202e"
        for one in text
    )


def _console() -> None:
    screen = io.StringIO()
    content = f"Subject: {_EVIL}\r\nFrom: {_EVIL} <a@b.test>\r\n\r\n{_EVIL}\r\n".encode()
    list(open_backend("console", BackendOptions(stream=screen)).send([a_message(1, content)]))
    assert _harmless(screen.getvalue())


def _commands(mailer: Mailer) -> Callable[[], None]:
    def check() -> None:
        for words in (
            ("runs", "list"),
            ("newsletters", "show", _EVIL),
            ("expression", "check", _EVIL),
            ("deliveries", "list", "--state", _EVIL),
            ("readers", "show", f"{_EVIL}@b.test"),
            ("suppressions", "add", "a@b.test", "--reason", _EVIL),
            ("suppressions", "list"),
            ("plan", _EVIL, _EVIL),
        ):
            result = mailer(*words)
            assert _harmless(result.out + result.err), words

    return check


def test_s21_the_console_backend_is_harmless() -> None:
    _console()


def test_s21_goes_red_without_safe_terminal_in_the_console(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_red(_console, monkeypatch, mailer__delivery__console__safe_terminal=lambda text: text)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_s21_the_command_line_is_harmless(mailer: Mailer) -> None:
    _commands(mailer)()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_s21_goes_red_without_safe_terminal_in_commands(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.core.hygiene.clean_header", lambda text, limit=200: text)

    def check() -> None:
        from mailer.cli.output import note, say

        for speak in (say, note):
            screen = io.StringIO()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("sys.stdout", screen)
                patch.setattr("sys.stderr", screen)
                speak(_EVIL)
            assert _harmless(screen.getvalue())

    check()
    goes_red(check, monkeypatch, mailer__cli__output__safe_terminal=lambda text: text)


def test_s21_json_escapes_what_could_steer() -> None:
    assert "\x1b" not in json.dumps(_EVIL)
