"""JSON from outside, taken with care (S25): capped depth, and values of the kind asked for."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mailer.core.hygiene import clean_header, clean_text

# The deepest notice we know has six levels.
MOST_DEPTH = 32
# SendGrid closes a batch at 768 KB, and its shortest event has 150 bytes.
MOST_EVENTS = 5_000
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def read_json(body: bytes) -> Any:
    """Return the document, None when it is none or nests too deeply."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > MOST_DEPTH:
            return None
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def part(document: object, *names: str) -> Any:
    """Return what stands under these names, None when something on the way is missing."""
    for name in names:
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def word(document: object, *names: str, limit: int = 500) -> str:
    """Return a string or number under these names as one clean line, "" when there is none."""
    found = part(document, *names)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return clean_header(str(found), limit)


def raw(document: object, *names: str) -> str | None:
    """Return a string as it came, which is how it was signed; None when there is none."""
    found = part(document, *names)
    return found if isinstance(found, str) else None


def texts(document: object, *names: str) -> str:
    """Return a longer text under these names, "" when there is none."""
    return clean_text(raw(document, *names) or "")


def items(document: object, *names: str) -> Sequence[Any]:
    """Return the list under these names, empty when there is none; so many items at most."""
    found = part(document, *names)
    return found[:MOST_EVENTS] if isinstance(found, list) else ()


def message_id(text: str) -> tuple[str, ...]:
    """Return a Message-ID with its brackets, nothing of what can be none."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    return (f"<{bare}>",) if "@" in bare and not re.search(r"[\s<>]", bare) else ()


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
