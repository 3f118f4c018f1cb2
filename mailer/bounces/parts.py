"""A message taken apart for what it may prove: its headers, its text, the mail it returns.

Foreign mail may be anything: nothing here raises for what it holds, and work is bounded.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from mailer.core.hygiene import clean_header

# A report quotes a mail of ours, at most 100 KB; what follows the first MiB proves nothing.
LONGEST = 1024 * 1024
_LONGEST_TEXT = 64 * 1024
_MOST_PARTS = 50
_MOST_ADDRESSES = 40
_RECIPIENT_FIELDS = (
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "X-RCPT-TO",
    "To",
    "Cc",
)
_MARKED = re.compile(r"[A-Za-z0-9._=-]{1,64}\+\d{1,19}\.[A-Za-z2-7]{16}@[A-Za-z0-9.-]{1,255}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?A-~]{1,250}>")
# A line at a time: over empty lines a pattern that may begin at each would look at all others.
_QUOTED_ID = re.compile(
    r"^[> \t|]{0,80}Message-I[dD]:[ \t]*(?:\r?\n[>\t| ]{1,80})?(<[^<>\s]{3,500}>)", re.MULTILINE
)


class _PlainHeaders(Compat32):
    """Gives every header as text; what is no ASCII is read as UTF-8, or marked."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return _readable(value)


_PARSER = BytesParser(policy=_PlainHeaders())


def read_parts(content: bytes) -> Message:
    """Parse a message; of a huge one its beginning."""
    return _PARSER.parsebytes(content[:LONGEST])


def field(message: Message, name: str) -> str:
    """Return a header as one line of text, "" when it is not there; undecodable parts stay."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)
    # A foreign header may break the decoder in any way: then it stays as it came.
    with suppress(Exception):
        text = str(make_header(decode_header(text)))
    return clean_header(text, 1000)


def walk(message: Message) -> Iterator[Message]:
    """Yield a message and its parts, outermost first, so many at most."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.is_multipart():
            payload = part.get_payload()
            waiting.extend(each for each in payload if isinstance(each, Message))


def text_of(part: Message) -> str:
    """Return a part's own text, decoded as it says, or as UTF-8 with marks for what is not."""
    if part.is_multipart():
        # The parser has taken reports of statuses apart: put their fields together again.
        payload = part.get_payload()
        text = "\n".join(_written(each) for each in payload if isinstance(each, Message))
        if part.get("Content-Transfer-Encoding", "").strip().lower() == "base64":
            return _from_base64(text)
        return text[:_LONGEST_TEXT]
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        charset = part.get_content_charset() or "utf-8"
        return raw[:_LONGEST_TEXT].decode(charset, "replace")
    except (LookupError, ValueError):
        return raw[:_LONGEST_TEXT].decode("utf-8", "replace")


def body_text(message: Message) -> str:
    """Return the readable text of a message, HTML without its tags."""
    texts = []
    for part in walk(message):
        kind = part.get_content_type()
        if kind == "text/plain":
            texts.append(text_of(part))
        elif kind == "text/html":
            texts.append(re.sub(r"<[^>]{0,2000}>", " ", text_of(part)))
    return "\n".join(texts)[:_LONGEST_TEXT]


def fields_of(text: str) -> list[dict[str, str]]:
    """Read blocks of fields, empty lines between them, names in lower case, folds undone."""
    blocks: list[dict[str, str]] = []
    for chunk in re.split(r"\r?\n[ \t]*\r?\n", text.strip()):
        block: dict[str, str] = {}
        for line in re.sub(r"\r?\n[ \t]+", " ", chunk.strip()).splitlines():
            name, colon, value = line.partition(":")
            if colon and re.fullmatch(r"[!-9;-~]{1,80}", name.strip()):
                block.setdefault(name.strip().lower(), clean_header(value, 1000))
        if block:
            blocks.append(block)
    return blocks


def marked_addresses(message: Message) -> tuple[str, ...]:
    """Return addresses that may carry a sealed mark: whom it came to first, then what it quotes."""
    found: dict[str, None] = {}
    for name in _RECIPIENT_FIELDS:
        for value in message.get_all(name) or []:
            found.update(dict.fromkeys(_MARKED.findall(str(value)[:4000])))
    for part in walk(message):
        if part is not message:
            for name in ("Return-Path", "Errors-To", "X-Original-Return-Path", "Sender"):
                found.update(dict.fromkeys(_MARKED.findall(str(part.get(name) or "")[:4000])))
        if not part.is_multipart() or part.get_content_maintype() == "message":
            found.update(dict.fromkeys(_MARKED.findall(text_of(part))))
    return tuple(found)[:_MOST_ADDRESSES]


def quoted_message_ids(message: Message) -> tuple[str, ...]:
    """Return the Message-IDs a report quotes of the mail it returns, never its own."""
    found: dict[str, None] = {}
    for part in walk(message):
        if part is not message:
            found.update(dict.fromkeys(_MESSAGE_ID.findall(str(part.get("Message-ID") or ""))))
        if part.get_content_maintype() == "text" or part.get_content_type().startswith("message/"):
            found.update(dict.fromkeys(_QUOTED_ID.findall(text_of(part))))
    for name in ("X-MS-Original-Message-ID", "X-Original-Message-ID", "In-Reply-To", "References"):
        found.update(dict.fromkeys(_MESSAGE_ID.findall(str(message.get(name) or "")[:4000])))
    return tuple(found)[:_MOST_ADDRESSES]


def _written(part: Message) -> str:
    """Return a part as it came; `as_string` would encode what is not ASCII and fold anew."""
    payload = part.get_payload()
    fields = "".join(f"{name}: {value}\n" for name, value in part.items())
    return f"{fields}\n{_readable(payload)}" if isinstance(payload, str) else fields


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _from_base64(text: str) -> str:
    part = Message()
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(text)
    raw = part.get_payload(decode=True)
    return raw[:_LONGEST_TEXT].decode("utf-8", "replace") if isinstance(raw, bytes) else ""
