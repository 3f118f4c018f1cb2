"""Give everything away: readers, follows, consents, suppressions, stories, newsletters, schedules.

JSON Lines hold every row and column, for `mailer import whole` or any program;
CSV holds readers, follows and suppressions for people and other products. The manifest names each
file with its rows and checksum. Nothing is kept in memory.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import mailer
from mailer.core.csv_cells import csv_line
from mailer.errors import InputError
from mailer.store.database import Connection, Database
from mailer.store.whole import (
    WHOLE,
    as_one_moment,
    count_whole,
    follows_in_words,
    readers_in_words,
    suppressions_in_words,
    whole_rows,
)

MANIFEST = "manifest.json"
FORMAT = "newsroom-mailer-export"
VERSION = 1
# A folder of addresses is for whoever made it.
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600

READER_COLUMNS = (
    "email", "name", "state", "locale", "timezone", "hour", "format", "quiet", "consent",
    "consent source", "consented at", "since",
)  # fmt: skip

_IN_WORDS: dict[str, tuple[tuple[str, ...], Callable[[Connection], Iterator[tuple[Any, ...]]]]] = {
    "readers.csv": (READER_COLUMNS, readers_in_words),
    "follows.csv": (
        ("email", "newsletter", "follows", "cadence", "since", "consent source", "consent"),
        follows_in_words,
    ),
    "suppressions.csv": (("email", "reason", "evidence", "since"), suppressions_in_words),
}


def export_whole(
    database: Database,
    folder: Path,
    *,
    now: datetime,
    see: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, int]:
    """Write everything to a new or empty folder and return the rows of each file.

    `see` is shown how many rows are written, of how many. Raises InputError for a folder that has
    something, or cannot be written.
    """
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"'{folder}' is not empty: name a new folder")
        with database.read() as connection:
            as_one_moment(connection)
            return _write(connection, folder, now, see)
    except OSError as error:
        raise InputError(f"cannot write to '{folder}': {error.strerror or error}") from error


def _write(
    connection: Connection, folder: Path, now: datetime, see: Callable[[int, int], None]
) -> dict[str, int]:
    total = sum(count_whole(connection).values())
    done = 0
    files: dict[str, dict[str, object]] = {}

    def seen(rows: Iterable[str]) -> Iterator[str]:
        nonlocal done
        for row in rows:
            done += 1
            if done % 500 == 0:
                see(done, total)
            yield row

    for name in WHOLE:
        rows = (_json(row) for row in whole_rows(connection, name))
        files[f"{name}.jsonl"] = _file(folder / f"{name}.jsonl", "", seen(rows))
    for name, (header, read) in _IN_WORDS.items():
        lines = (csv_line(row) for row in read(connection))
        files[name] = _file(folder / name, "\ufeff" + csv_line(header), lines)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": f"newsroom-mailer {mailer.__version__}",
        "made_at": now.isoformat(),
        "files": files,
    }
    # Last: a folder without it was not finished.
    _file(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n", ())
    see(total, total)
    return {name: int(str(facts["rows"])) for name, facts in files.items()}


def _file(path: Path, head: str, lines: Iterable[str]) -> dict[str, object]:
    digest, rows = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - opened with its mode
        for line in _counted(head, lines):
            octets = line.encode("utf-8")
            digest.update(octets)
            file.write(octets)
            rows += line is not head
    return {"rows": rows, "sha256": digest.hexdigest()}


def _counted(head: str, lines: Iterable[str]) -> Iterator[str]:
    if head:
        yield head
    yield from lines


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
