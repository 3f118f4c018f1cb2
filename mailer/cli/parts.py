"""Parts of a mail, printed: headers, text, the HTML drawn, the source."""

import email
import email.policy
import shutil
import sys
from enum import StrEnum

from mailer.cli.output import say
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.flows.preview_mail import Preview
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


def print_part(preview: Preview, part: Part) -> None:
    """Print one part on stdout; `source` is the exact bytes where stdout is no terminal."""
    match part:
        case Part.HEADERS:
            message = email.message_from_bytes(preview.content, policy=email.policy.default)
            for name, value in message.items():
                say(f"{name}: {clean_header(str(value), 998)}")
        case Part.TEXT:
            say(preview.mail.text)
        case Part.HTML:
            width = min(shutil.get_terminal_size((80, 24)).columns, 120)
            say(draw_html(preview.mail.html, width=width) if preview.mail.html else "(no HTML)")
        case Part.SOURCE if sys.stdout.isatty():
            say(preview.content.decode("utf-8", "replace"))
        case Part.SOURCE:
            sys.stdout.buffer.write(preview.content)
            sys.stdout.buffer.flush()
