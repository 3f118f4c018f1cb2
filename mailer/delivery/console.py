"""The console backend: shows every message to a person, and sends none.

Drawing HTML is the renderer's; a callable comes in. Nothing foreign reaches the terminal unescaped
(S21), and nothing in a message can make it fail: what cannot be read is shown as it came.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Parsed
from threading import Lock
from typing import TextIO

from mailer.core.hygiene import clean_header, safe_terminal
from mailer.ports import Accepted, Backend, BackendOptions, Message, Misconfigured, Outcome

_WIDTH = 78
_LONGEST_HEADER = 2_000
_WRITING = Lock()  # One for all: two backends may share standard output.


class ConsoleBackend:
    """Prints each message in one write: summary, all headers decoded, text, drawn HTML.

    `stream` None is standard output as it is when a message comes. `draw` turns HTML into lines
    of text; without it the HTML part is only named. Threads may share a backend.
    """

    name = "console"

    def __init__(self, stream: TextIO | None, draw: Callable[[str], str] | None = None) -> None:
        self._stream = stream
        self._draw = draw

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        for message in messages:
            yield self._print(message)

    def close(self) -> None:
        """Nothing to let go of: the stream is its owner's."""

    def _print(self, message: Message) -> Outcome:
        stream = self._stream if self._stream is not None else sys.stdout
        try:
            shown = picture(message, self._draw)
        except Exception:  # noqa: BLE001 - parts nested past the parser's recursion, and the like
            shown = safe_terminal(message.content.decode("utf-8", "replace")) + "\n\n"
        encoding = getattr(stream, "encoding", None) or "utf-8"
        shown = shown.encode(encoding, "backslashreplace").decode(encoding)
        try:
            with _WRITING:
                stream.write(shown)
                stream.flush()
        except (OSError, ValueError) as error:
            return Misconfigured(0, f"console: cannot write: {clean_header(str(error))}")
        return Accepted(250, "shown on the console")


def picture(message: Message, draw: Callable[[str], str] | None) -> str:
    """Draw a message as the console shows it, ending in an empty line."""
    parsed = message_from_bytes(message.content)
    headers = [(clean_header(name, 80), _decoded(value)) for name, value in parsed.raw_items()]
    text, html = _part(parsed, "text/plain"), _part(parsed, "text/html")
    lines = [
        _rule("═"),
        f"Subject  {_first(headers, 'subject')}",
        f"From     {_first(headers, 'from')}",
        f"To       {_first(headers, 'to')}",
        f"Envelope <{clean_header(message.sender)}> to <{clean_header(message.recipient)}>",
        f"Size     {len(message.content):,} bytes",
        _rule("═"),
        *(f"{name}: {value}" for name, value in headers),
    ]
    if text is not None:
        lines += [_rule("─", "text"), text.rstrip()]
    if html is not None:
        lines += [_rule("─", "html"), _drawn(html, draw).rstrip()]
    lines += [_rule("═"), "", ""]
    return safe_terminal("\n".join(lines))


def _rule(stroke: str, title: str = "") -> str:
    return f"{stroke * 2} {title} ".ljust(_WIDTH, stroke) if title else stroke * _WIDTH


def _first(headers: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _decoded(value: object) -> str:
    """Decode a raw header: folded, encoded words, or plain UTF-8 octets."""
    raw = str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace")
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", raw)
    try:
        plain = str(make_header(decode_header(unfolded)))
    except (ValueError, LookupError, AssertionError):
        # Broken base64, unknown charsets, octets that are not of theirs.
        plain = unfolded
    return clean_header(plain, _LONGEST_HEADER)


def _part(parsed: Parsed, content_type: str) -> str | None:
    """Find the first part of a type and decode it; octets that do not fit are replaced."""
    for part in parsed.walk():
        if part.get_content_type() != content_type or part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        octets = payload if isinstance(payload, bytes) else b""
        try:
            return octets.decode(str(part.get_content_charset("utf-8")), "replace")
        except (LookupError, ValueError):
            return octets.decode("utf-8", "replace")
    return None


def _drawn(html: str, draw: Callable[[str], str] | None) -> str:
    if draw is None:
        return f"({len(html):,} characters of HTML)"
    try:
        return draw(html)
    except Exception as error:  # noqa: BLE001 - the drawer is a stranger, the mail still counts
        return f"(HTML that cannot be drawn: {type(error).__name__}: {clean_header(str(error))})"


def open_console(options: BackendOptions) -> Backend:
    """Build the console backend; HTML is drawn when there is a drawer and a width."""
    draw, width = options.draw_html, options.html_width
    if draw is None or width < 1:
        return ConsoleBackend(options.stream)
    drawer = draw  # A name that stays narrowed inside the lambda.
    return ConsoleBackend(options.stream, lambda html: drawer(html, width))
