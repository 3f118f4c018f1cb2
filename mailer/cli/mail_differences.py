"""Two mails compared as a person reads them: headers, text, and the HTML as it is drawn."""

import difflib
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

from mailer.cli.output import say
from mailer.core.hygiene import safe_terminal
from mailer.render.mail import Mail
from mailer.render.opened import header_lines
from mailer.render.terminal import draw_html

_WIDTH = 100  # Fixed: a difference must not depend on somebody's window.
_STYLES = {"+": "green", "-": "red", "@": "cyan", "=": "bold"}
Both: TypeAlias = tuple[Mail, bytes] | None


def mail_differences(before: Both, after: Both) -> list[str]:
    """Return the lines of a unified difference, each part under `=== its name`; none when equal."""
    lines: list[str] = []
    pairs = zip(_parts(before), _parts(after), strict=True)
    for name, (one, two) in zip(("headers", "text", "html"), pairs, strict=True):
        found = list(difflib.unified_diff(one, two, lineterm="", n=2))[2:]
        if found:
            lines += [f"=== {name}", *found]
    return lines


def print_differences(lines: list[str]) -> None:
    """Print them, coloured on a terminal."""
    if not lines:
        say("no difference")
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text(safe_terminal(line), style=_STYLES.get(line[:1], "")))


def _parts(both: Both) -> tuple[list[str], list[str], list[str]]:
    if both is None:
        return ["(no mail)"], [], []
    mail, content = both
    drawn = draw_html(mail.html, width=_WIDTH) if mail.html else ""
    return list(header_lines(content)), mail.text.splitlines(), drawn.splitlines()
