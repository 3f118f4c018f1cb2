"""`mailer preview`: the very mail a reader would get, or the sample of a template."""

import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mailer.bootstrap import open_workbench
from mailer.cli.mail_differences import mail_differences, print_differences
from mailer.cli.options import AsOfOption, JsonOption, read_cadence
from mailer.cli.output import headline, note, print_json, say, terminal_width
from mailer.cli.parts import Part, print_part, read_part
from mailer.cli.plans import say_planned
from mailer.cli.room import open_room
from mailer.cli.watching import watch_templates
from mailer.core.hygiene import clean_header
from mailer.core.moments import read_moment
from mailer.core.readers import Cadence
from mailer.core.runs import PlannedMail
from mailer.errors import InputError
from mailer.flows.documents import planned_document
from mailer.flows.preview_mail import preview_mail
from mailer.render.mail import Mail
from mailer.render.size import size_bar
from mailer.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Shown:
    """What a preview shows. `silence` says why there is no mail."""

    mail: Mail | None = None
    content: bytes = b""
    message_id: str = ""
    planned: PlannedMail | None = None
    silence: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose mail, of which moment, with which templates; without a cadence a template's sample."""

    settings: Settings
    name: str
    cadence: Cadence | None
    reader: str
    as_of: str
    locale: str


def preview(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NEWSLETTER|TEMPLATE",
            help="The newsletter's slug; or a template, to see its sample.",
        ),
    ],
    cadence: Annotated[
        str,
        typer.Argument(
            metavar="[CADENCE]",
            help="instant, daily, weekly or monthly; without it a template's sample is shown.",
            show_default=False,
        ),
    ] = "",
    reader: Annotated[str, typer.Option("--reader", metavar="EMAIL", help="Whose mail.")] = "",
    as_of: AsOfOption = "",
    part: Annotated[str, typer.Option(help="Only headers, text, html or source.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write the mail to FILE.html or FILE.eml instead.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the HTML in a browser.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Draw anew on every save.")] = False,
    diff: Annotated[
        str,
        typer.Option(
            metavar="WITH",
            help="Compare with another moment, another reader's address, or a templates folder.",
        ),
    ] = "",
    locale: Annotated[str, typer.Option(help="The language of a template's sample.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Show the very mail a reader would get, writing nothing to the ledger.

    With a template's name alone, show its sample: no database is needed.
    """
    wanted = read_part(part) if part else None
    wish = _read_wish(name, cadence, reader, as_of, locale)
    if diff:
        _compare(wish, _other(wish, diff), as_json=as_json)
        return
    if watch:
        _watch(wish, wanted)
        return
    shown = _look(wish)
    if as_json:
        print_json(_document(shown))
    elif shown.mail is None:
        say(shown.silence)
        if shown.planned is not None:
            say_planned(shown.planned)
    elif out is not None:
        _write(shown.mail, shown.content, out)
        say(f"written to {out}")
    elif browser:
        _open_in_browser(shown.mail)
    else:
        _show(shown, wanted, wish.settings.max_mail_kb)


def _read_wish(name: str, cadence: str, reader: str, as_of: str, locale: str) -> Wish:
    if not cadence and (reader or as_of):
        raise InputError(
            f"which mail of '{clean_header(name, 40)}'? Name a cadence as well, such as daily; "
            "a template's sample has neither --reader nor --as-of"
        )
    if cadence and not reader:
        raise InputError("whose mail? Add --reader EMAIL: 'mailer readers list' shows them")
    chosen = read_cadence(cadence) if cadence else None
    return Wish(read_settings(), name, chosen, reader, as_of, locale)


def _look(wish: Wish) -> Shown:
    if wish.cadence is None:
        drawn = open_workbench(wish.settings).draw(wish.name, locale=wish.locale)
        return Shown(drawn.mail, drawn.content, drawn.paper.message_id)
    with open_room(wish.settings) as room:
        found, planned = preview_mail(
            room.desk,
            wish.name,
            wish.cadence,
            reader_email=wish.reader,
            as_of=read_moment(wish.as_of, room.clock()),
        )
    if found is not None:
        return Shown(found.mail, found.content, found.letter.message_id, planned)
    if planned is None:
        silence = "would not be asked: no follow of this cadence, paused or not confirmed"
    else:
        silence = "would get no mail: nothing is new"
    return Shown(planned=planned, silence=f"{wish.reader} {silence}")


def _show(shown: Shown, wanted: Part | None, limit_kb: int) -> None:
    if shown.mail is None:
        say(shown.silence)
        return
    if wanted is not None:
        print_part(shown.mail, shown.content, wanted)
        return
    headline("headers")
    print_part(shown.mail, shown.content, Part.HEADERS)
    headline("text")
    print_part(shown.mail, shown.content, Part.TEXT)
    if shown.mail.html:
        headline("html")
        print_part(shown.mail, shown.content, Part.HTML)
    if shown.planned is not None:
        headline("why")
        say_planned(shown.planned)
    headline("size")
    sizes = len(shown.content), len(shown.mail.html.encode())
    for line in size_bar(*sizes, limit_kb, width=terminal_width()):
        say(line)


def _watch(wish: Wish, wanted: Part | None) -> None:
    def draw() -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[2J\x1b[3J\x1b[H")
        _show(_look(wish), wanted, wish.settings.max_mail_kb)

    bench = open_workbench(wish.settings)
    note("drawn anew on every save; Ctrl-C ends it")
    watch_templates(draw, bench.version)


def _other(wish: Wish, text: str) -> Wish:
    """Read what to compare with: a folder, an address or a moment."""
    path = Path(text)
    if path.is_dir():
        if not (path / "email").is_dir():
            raise InputError(f"'{path}' has no folder 'email': name a folder of templates")
        return replace(wish, settings=wish.settings.model_copy(update={"templates": path}))
    if wish.cadence is None:
        raise InputError(f"'{text}' is no folder: samples are compared by folders of templates")
    if "@" in text:
        return replace(wish, reader=text)
    read_moment(text, datetime.now(UTC))
    return replace(wish, as_of=text)


def _compare(wish: Wish, other: Wish, *, as_json: bool) -> None:
    one, two = _look(wish), _look(other)
    before, after = ((each.mail, each.content) if each.mail else None for each in (one, two))
    differences = mail_differences(before, after)
    if as_json:
        print_json({"same": not differences, "lines": differences})
    else:
        print_differences(differences)


def _document(shown: Shown) -> dict[str, object]:
    return {
        "mail": shown.mail
        and {
            "subject": shown.mail.subject,
            "message_id": shown.message_id,
            "text": shown.mail.text,
            "html": shown.mail.html,
            "size": len(shown.content),
            "source": shown.content.decode("utf-8", "replace"),
        },
        "plan": shown.planned and planned_document(shown.planned),
    }


def _write(mail: Mail, content: bytes, out: Path) -> None:
    if out.suffix not in (".html", ".eml"):
        raise InputError(f"'{out}' must end in .html or .eml: that says what is written")
    try:
        out.write_bytes(content if out.suffix == ".eml" else mail.html.encode())
    except OSError as error:
        raise InputError(f"cannot write '{out}': {error.strerror}") from error


def _open_in_browser(mail: Mail, open_page: Callable[[str], bool] = webbrowser.open) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".html", delete=False) as file:
        file.write(mail.html.encode())
    if not open_page(Path(file.name).as_uri()):
        note("no browser could be opened here: open the file yourself, or use --out")
    say(f"opened {file.name}")
