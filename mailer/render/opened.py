"""A message opened again, as mail programs show it: headers, texts, what is attached."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from mailer.core.hygiene import clean_header

_MOST = 998
_SCHEME = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What hangs on a mail."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A message; `headers` are decoded, one a line, `html` is empty when there is none."""

    subject: str
    sender: str
    recipient: str
    headers: tuple[str, ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def open_message(content: bytes) -> Opened:
    """Return what a message holds; whatever cannot be read is empty."""
    message = message_from_bytes(content, EmailMessage, policy=policy.default)
    texts = {"plain": "", "html": ""}
    attachments: list[Attachment] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        subtype = part.get_content_type().partition("/")[2]
        is_shown = part.get_content_maintype() == "text" and subtype in texts
        if is_shown and not part.is_attachment() and not texts[subtype]:
            texts[subtype] = _text(part)
        else:
            attachments.append(_attachment(part, len(attachments) + 1))
    return Opened(
        subject=_field(message, "Subject"),
        sender=_field(message, "From"),
        recipient=_field(message, "To"),
        headers=header_lines(content),
        text=texts["plain"],
        html=texts["html"],
        attachments=tuple(attachments),
    )


def header_lines(content: bytes) -> tuple[str, ...]:
    """Return the header fields as people read them: decoded, one a line."""
    message = message_from_bytes(content, policy=policy.default)
    return tuple(f"{name}: {clean_header(str(value), _MOST)}" for name, value in message.items())


def on_screen(html: str, *, is_dark: bool) -> str:
    """Return a page as a dark or a light screen shows it, whatever screen it is looked at on."""

    def decided(found: re.Match[str]) -> str:
        return "@media all" if (found[1].lower() == "dark") == is_dark else "@media not all"

    html = _SCHEME.sub(decided, html)
    scheme = "dark" if is_dark else "light"
    html = re.sub(r'content="light dark"', f'content="{scheme}"', html)
    return html.replace("color-scheme: light dark", f"color-scheme: {scheme}")


def _field(message: EmailMessage, name: str) -> str:
    return clean_header(str(message.get(name, "")), _MOST)


def _text(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _attachment(part: EmailMessage, number: int) -> Attachment:
    payload = part.get_payload(decode=True)
    name = clean_header(part.get_filename() or f"part-{number}", 120).replace("/", "_")
    return Attachment(name, part.get_content_type(), payload if isinstance(payload, bytes) else b"")
