"""Messages out of files, maildirs and mboxes, one at a time; nothing in them is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailer.bounces.parts import LONGEST
from mailer.errors import InputError


def read_mailbox(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, message) of a message file, an mbox, a maildir or a folder of message files.

    Raises InputError for what is none of these.
    """
    if path.is_dir():
        for each in _files_of(path):
            yield str(each), _beginning(each)
        return
    try:
        with path.open("rb") as stream:
            for number, content in enumerate(read_stream(stream), start=1):
                yield f"{path} message {number}", content
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error


def read_stream(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of a stream: those of an mbox, or the one it is."""
    first = stream.readline(LONGEST)
    if not first.startswith(b"From "):
        content = first + stream.read(LONGEST)
        if content.strip():
            yield content
        return
    lines: list[bytes] = []
    size = 0
    empty_before = False
    while line := stream.readline(LONGEST):
        if empty_before and line.startswith(b"From "):
            yield b"".join(lines)
            lines, size = [], 0
        elif size < LONGEST:
            # mboxrd: writers put ">" before every "From " of a body.
            kept = (
                line[1:]
                if line.startswith(b">") and line.lstrip(b">").startswith(b"From ")
                else line
            )
            lines.append(kept)
            size += len(kept)
        empty_before = not line.strip()
    yield b"".join(lines)


def _files_of(folder: Path) -> list[Path]:
    boxes = [folder / name for name in ("new", "cur") if (folder / name).is_dir()] or [folder]
    return sorted(
        path
        for box in boxes
        for path in box.iterdir()
        if path.is_file() and not path.name.startswith(".")
    )


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LONGEST)
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from error
