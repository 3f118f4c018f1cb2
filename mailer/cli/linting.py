"""`mailer lint`: what mails will suffer in clients, at servers and under readers' eyes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli.options import JsonOption
from mailer.cli.output import note, print_json, say
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.render.lint.check import lint_message, lint_page
from mailer.render.lint.findings import Finding, Level
from mailer.render.lint.support import client_name, families_of, read_table
from mailer.render.site import address_lines
from mailer.settings import read_settings

_PAGES = (".html", ".htm")


def lint(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="[TEMPLATE|FILE.html|FILE.eml]",
            help="A mail of ours by name, a page, or a whole message; all our mails without it.",
            show_default=False,
        ),
    ] = "",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="warn|error", help="What makes the exit code 1.")
    ] = "error",
    every: Annotated[bool, typer.Option("--all", help="Show notes, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check mails: support by client, size, links, headings, contrast, headers, inliner's traps.

    Exit code 1 when something of the level of --fail-on, or worse, was found.
    """
    if fail_on not in ("warn", "error"):
        raise InputError(f"unknown level '{clean_header(fail_on, 40)}': use warn or error")
    limit = Level[fail_on.upper()]
    found = _lint(subject)
    if as_json:
        print_json(lint_document(found))
    else:
        for name, findings in found.items():
            _say_findings(name, findings, Level.NOTE if every else Level.WARN)
        if not every and any(f.level is Level.NOTE for fs in found.values() for f in fs):
            note("notes are left out: --all shows them")
    if any(finding.level >= limit for findings in found.values() for finding in findings):
        raise typer.Exit(1)


def _lint(subject: str) -> dict[str, list[Finding]]:
    from mailer.bootstrap import open_workbench

    settings = read_settings()
    path = Path(subject)
    if path.suffix.lower() in (*_PAGES, ".eml"):
        content = _read(path)
        lines = address_lines(open_workbench(settings).site)
        if path.suffix.lower() == ".eml":
            return {subject: lint_message(content, name=path.name, address_lines=lines)}
        page = content.decode("utf-8", "replace")
        return {subject: lint_page(page, name=path.name, address_lines=lines)}
    bench = open_workbench(settings)
    names = [subject] if subject else bench.names()
    return {name: bench.lint(name) for name in names}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error


def lint_document(found: dict[str, list[Finding]]) -> dict[str, Any]:
    """Findings for programs: the counts, then each mail's, worst first."""
    return {
        "counts": counts_of(finding for findings in found.values() for finding in findings),
        "support_as_of": read_table().updated_on,
        "mails": [
            {
                "name": name,
                "counts": counts_of(findings),
                "findings": [finding_document(finding) for finding in findings],
            }
            for name, findings in found.items()
        ],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding; `line` is 0 when it is about the whole, `clients` empty when about all."""
    return {
        "rule": finding.rule,
        "level": finding.level.word,
        "message": finding.message,
        "mend": finding.mend,
        "file": finding.file,
        "line": finding.line,
        "occurrences": finding.count,
        "families": list(families_of(finding.clients)),
        "clients": list(finding.clients),
    }


def counts_of(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many there are of each level, worst first."""
    levels = [finding.level for finding in findings]
    return {level.word: levels.count(level) for level in sorted(Level, reverse=True)}


def _say_findings(name: str, findings: Sequence[Finding], least: Level) -> None:
    counts = counts_of(findings)
    said = ", ".join(f"{count} {_plural(word, count)}" for word, count in counts.items())
    say(f"{name}: {said}")
    shown = [finding for finding in findings if finding.level >= least]
    _say_group("every client", [finding for finding in shown if not finding.clients])
    families = families_of(client for finding in shown for client in finding.clients)
    for family in families:
        here = [finding for finding in shown if family in families_of(finding.clients)]
        _say_group(read_table().families.get(family, family), here, family)


def _say_group(heading: str, findings: Sequence[Finding], family: str = "") -> None:
    if not findings:
        return
    say(f"\n  {heading}")
    for finding in findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        say(f"    {finding.level.word:<5}  {place}  {finding.message}{times}")
        where = [client_name(c) for c in finding.clients if c.startswith(f"{family}.")]
        if where:
            say(f"           in {', '.join(where)}")
        say(f"           mend: {finding.mend}")


def _plural(word: str, count: int) -> str:
    word = {"warn": "warning"}.get(word, word)
    return word if count == 1 else f"{word}s"
