"""`mailer templates`: begin a mail of one's own, and check that all of them can be sent."""

import re
from pathlib import Path
from typing import Annotated

import typer

from mailer.bootstrap import open_workbench
from mailer.cli.linting import counts_of
from mailer.cli.options import JsonOption
from mailer.cli.output import print_json, print_table, say
from mailer.core.hygiene import clean_header
from mailer.core.notices import Occasion
from mailer.errors import InputError, RenderError, TemplateError
from mailer.render.lint.findings import Finding, Level
from mailer.render.speech import SPOKEN
from mailer.render.workbench import PARTS, Workbench
from mailer.settings import read_settings

app = typer.Typer(no_args_is_help=True)
_LOCALES = tuple(sorted("zh_Hans" if language == "zh" else language for language in SPOKEN))


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List the mails there are, and where their files are."""
    bench = open_workbench(read_settings())
    rows = [(name, [str(bench.file(name, part)) for part in PARTS]) for name in bench.names()]
    if as_json:
        print_json([{"name": name, "files": files} for name, files in rows])
    else:
        cells = [(name, str(Path(files[-1]).parent)) for name, files in rows]
        print_table(("template", "body.html in"), cells, "no templates")


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters and dashes.")],
    folder: Annotated[
        Path | None,
        typer.Option(help="The folder of your templates; else MAILER_TEMPLATES, else ./templates."),
    ] = None,
) -> None:
    """Begin a digest of your own: a folder of three files that work, to be changed."""
    settings = read_settings()
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name) or name in (*Occasion, "alert"):
        raise InputError(
            f"'{clean_header(name, 40)}' cannot be a template's name: use lower-case letters, "
            "digits and dashes, and none of our own mails"
        )
    top = folder or settings.templates or Path("templates")
    target = top / "email" / name
    if target.exists():
        raise InputError(f"'{target}' is there already: edit it, or choose another name")
    bench = open_workbench(settings)
    try:
        target.mkdir(parents=True)
        for part in PARTS:
            text = bench.file("digest", part).read_text(encoding="utf-8")
            (target / part).write_text(_introduction(name, part) + text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{target}': {error.strerror}") from error
    for part in PARTS:
        say(f"wrote {target / part}")
    if settings.templates is None or settings.templates.resolve() != top.resolve():
        say(f"next: export MAILER_TEMPLATES={top}")
    say(f"then: mailer preview {name} --watch")


def _introduction(name: str, part: str) -> str:
    if part == "subject.txt":
        return ""  # One line: whatever stands here would be read by everybody.
    return f"{{# {name}: docs/templates.md tells what a template may say. #}}\n"


@app.command("check")
def check(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="One mail; else all.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Draw each mail in every language, as HTML and as text, and lint it.

    Exit code 1 when one cannot be drawn or has an error.
    """
    bench = open_workbench(read_settings())
    results = [(each, *_check(bench, each)) for each in ([name] if name else bench.names())]
    if as_json:
        print_json(
            [
                {"name": each, "broken": str(broken or ""), "counts": counts_of(findings)}
                for each, broken, findings in results
            ]
        )
    else:
        for each, broken, findings in results:
            _say_result(each, broken, findings)
    if any(broken or counts_of(findings)["error"] for _, broken, findings in results):
        raise typer.Exit(1)


def _check(bench: Workbench, name: str) -> tuple[RenderError | None, list[Finding]]:
    try:
        for locale in _LOCALES:
            bench.draw(name, locale=locale)
            bench.draw(name, locale=locale, text_only=True)
        return None, bench.lint(name)
    except RenderError as error:
        return error, []


def _say_result(name: str, broken: RenderError | None, findings: list[Finding]) -> None:
    counts = counts_of(findings)
    if broken is not None:
        say(f"{name}: broken")
        say(f"  {broken}")
        if isinstance(broken, TemplateError) and broken.excerpt:
            say(f"\n{broken.excerpt}\n")
        return
    languages = f"{len(_LOCALES)} languages, HTML and text"
    said = f"{counts['error']} errors, {counts['warn']} warnings"
    say(f"{name}: {'not ready' if counts['error'] else 'ok'}, {languages}; {said}")
    for finding in findings:
        if finding.level >= Level.WARN:
            say(f"  {finding.level.word}  {finding.file}:{finding.line}  {finding.message}")
            say(f"         mend: {finding.mend}")
