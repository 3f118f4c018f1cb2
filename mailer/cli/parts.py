"""Parts of a mail, printed: headers, text, the HTML drawn, the source."""

import shutil
import sys
from enum import StrEnum

from mailer.cli.output import say
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.render.mail import Mail
from mailer.render.opened import header_lines
from mailer.render.terminal import draw_html


class Part(StrEnum):
    """What `--part` may name."""

    HEADERS = "headers"
    TEXT = "text"
    HTML = "html"
    SOURCE = "source"


def read_part(text: str) -> Part:
    """Return the part a person named; raises InputError that lists them."""
    try:
        return Part(text.strip().casefold())
    except ValueError as error:
        raise InputError(
            f"unknown part '{clean_header(text, 40)}': use {', '.join(Part)}"
        ) from error


def print_part(mail: Mail, content: bytes, part: Part) -> None:
    """Print one part on stdout; `source` is the exact bytes where stdout is no terminal."""
    match part:
        case Part.HEADERS:
            for line in header_lines(content):
                say(line)
        case Part.TEXT:
            say(mail.text)
        case Part.HTML:
            width = min(shutil.get_terminal_size((80, 24)).columns, 120)
            colour = sys.stdout.isatty()
            # It is harmless already; `say` would take its colours for an attack.
            sys.stdout.write(
                draw_html(mail.html, width=width, colour=colour) if mail.html else "(no HTML)\n"
            )
            sys.stdout.flush()
        case Part.SOURCE if sys.stdout.isatty():
            say(content.decode("utf-8", "replace"))
        case Part.SOURCE:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
