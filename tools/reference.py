"""Write docs/reference from the code itself: settings, command line, API. `make reference`."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from mailer.bootstrap import open_installation
from mailer.cli.main import every_command
from mailer.settings import Settings
from mailer.web.application import make_app

FOLDER: Final = Path(__file__).parent.parent / "docs" / "reference"
_WRITTEN: Final = "<!-- Written by `make reference`: change the code it is taken from. -->"
_RESPONSE: Final = ("200", "201", "202", "204")


def pages() -> dict[str, str]:
    """Return the pages by file name, as the code has it now."""
    return {"settings.md": _settings(), "commands.md": _commands(), "api.md": _api()}


def _settings() -> str:
    lines = [
        "# Settings",
        "",
        _WRITTEN,
        "",
        "Environment variables, or lines of `.env` in the folder a command runs in. Of every one",
        "there is a form with `_FILE` behind it that names a file to read the value from, for",
        "secrets. What cannot be used is said by every command, with the mend; `mailer doctor`",
        "finds what can be used and will go wrong.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        meaning = " ".join((field.description or "").split())
        lines.append(f"| `MAILER_{name.upper()}` | {_default(field)} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def _default(field: Any) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in (None, "", PydanticUndefined):
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _commands() -> str:
    lines = [
        "# Command line",
        "",
        _WRITTEN,
        "",
        "`mailer --install-completion` teaches your shell the words below. Lists, shows and",
        "plans take `--json`: one document on stdout. Exit codes: 0 done, 1 done with",
        "failures it names, 2 wrong usage or input (nothing is changed), 3 a service is away.",
        "",
    ]
    for words, command in _leaves(every_command(), ()):
        lines += _command(words, command)
    return "\n".join(lines).rstrip() + "\n"


def _leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the commands that do something, in the order of the help, with their words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, below in inner.items():
        yield from _leaves(below, (*words, name))


def _command(words: tuple[str, ...], command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["mailer", *words, *(_argument(each) for each in arguments)])
    yield f"## mailer {' '.join(words)}"
    yield ""
    yield f"`{usage}`"
    yield ""
    yield _prose(command.help or "")
    yield ""
    if command.epilog:
        kind, _, example = command.epilog.partition(": ")
        yield f"{kind}: `{example}`"
        yield ""
    rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments if each.help]
    rows += [(_option(each), each.help or "") for each in options if not each.hidden]
    if rows:
        yield "| | |"
        yield "|---|---|"
        yield from (f"| {name} | {_cell(help)} |" for name, help in rows)
        yield ""


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name = name.strip("[]")
    if argument.nargs == -1:
        name += "…"
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    return f"{names} {option.metavar or option.name.upper().replace('_', '-')}"


def _api() -> str:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/reference.db")
        room = open_installation(settings)
        described = make_app(room).openapi()
        room.close()
    lines = [
        "# API",
        "",
        _WRITTEN,
        "",
        "JSON under `/api/v1`, with a key that `mailer keys add NAME --scope …` makes, sent as",
        "`Authorization: Bearer KEY`. A running installation describes it whole at `/api/docs` and",
        "`/api/openapi.json`. Errors are problems (RFC 9457). A POST with `Idempotency-Key` may be",
        "repeated. Lists have at most `limit` items and a `cursor` for the next page.",
        "",
    ]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            lines += _operation(f"{method.upper()} {path}", operation, described)
    return "\n".join(lines).rstrip() + "\n"


def _operation(title: str, operation: Any, described: Any) -> Iterator[str]:
    yield f"## {operation['summary']}"
    yield ""
    yield f"`{title}`"
    yield ""
    yield _prose(operation.get("description", ""))
    yield ""
    rows = [
        (f"`{each['name']}`", each["in"], each.get("description", ""))
        for each in operation.get("parameters", [])
    ]
    rows += _body(operation, described)
    if rows:
        yield "| | in | |"
        yield "|---|---|---|"
        yield from (f"| {name} | {where} | {_cell(meaning)} |" for name, where, meaning in rows)
        yield ""
    codes = ", ".join(f"{code}" for code in operation["responses"] if code in _RESPONSE)
    yield f"Answers {codes}."
    yield ""


def _body(operation: Any, described: Any) -> Iterator[tuple[str, str, str]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = described["components"]["schemas"].get(name, {})
    needed = schema.get("required", [])
    for field, meaning in schema.get("properties", {}).items():
        shown = f"`{field}`" + (", needed" if field in needed else "")
        yield shown, "body", meaning.get("description", "")


def _prose(text: str) -> str:
    return " ".join(text.replace("\b", "").split()) if "\n\n" not in text.strip() else text.strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
