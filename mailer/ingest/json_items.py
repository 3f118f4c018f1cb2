"""JSON documents of any size that hold one long list: its items one by one, with flat memory."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from mailer.errors import InputError

_PIECE = 64 * 1024
_LARGEST = 1024 * 1024  # Of one item.
_GAP = re.compile(r"[\s,]*")


def json_items(stream: BinaryIO, name: str) -> Iterator[Any]:
    """Yield the items of the list under this name, or of a document that is a list itself.

    JSON Lines are read, too. Raises InputError for what is no such JSON.
    """
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace")
    try:
        yield from _items(text, name)
    finally:
        text.detach()


def _items(text: io.TextIOWrapper, name: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    buffer = text.read(_PIECE).lstrip()
    found = re.search(rf'"{re.escape(name)}"\s*:\s*\[', buffer)
    if buffer.startswith("["):
        buffer = buffer[1:]
    elif found and found.start() < _PIECE // 2:
        buffer = buffer[found.end() :]
    ended = False
    while True:
        start = _GAP.match(buffer).end()  # type: ignore[union-attr]  # it matches nothing, too
        buffer = buffer[start:]
        if buffer.startswith("]"):
            return
        if buffer:
            try:
                item, end = decoder.raw_decode(buffer)
            except ValueError as error:
                if ended or len(buffer) > _LARGEST:
                    raise InputError(f"this is no JSON with a list '{name}': {error}") from error
            except RecursionError as error:
                raise InputError("this JSON is nested too deeply") from error
            else:
                # A number may go on in the next piece; our items are objects.
                yield item
                buffer = buffer[end:]
                continue
        elif ended:
            return
        piece = text.read(_PIECE)
        ended = not piece
        buffer += piece
