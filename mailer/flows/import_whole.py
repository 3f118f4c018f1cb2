"""Take a whole export into an empty database: all of it, or nothing."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from mailer.errors import InputError
from mailer.flows.export_whole import FORMAT, MANIFEST, VERSION
from mailer.store.database import Database
from mailer.store.whole import WHOLE, add_whole_rows, count_on, require_empty, tie_whole_rows

_AT_ONCE = 1000
_LONGEST = 16 * 1024 * 1024  # A story of 64 KiB with its revisions apart is far below.


def import_whole(
    database: Database,
    folder: Path,
    *,
    see: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, int]:
    """Add every row of an export, in one transaction, and return how many of each kind.

    Raises InputError for a folder that is no export, was not finished or has been changed, and for
    a database that is not empty.
    """
    try:
        files = _files(folder)
        for name in WHOLE:
            _require_whole(folder / f"{name}.jsonl", str(files[f"{name}.jsonl"]["sha256"]))
        total = sum(int(files[f"{name}.jsonl"]["rows"]) for name in WHOLE)
        counts: dict[str, int] = {}
        with database.write() as connection:
            require_empty(connection)
            for name in WHOLE:
                counts[name] = 0
                rows = _rows(folder / f"{name}.jsonl")
                while batch := list(islice(rows, _AT_ONCE)):
                    add_whole_rows(connection, name, batch)
                    counts[name] += len(batch)
                    see(sum(counts.values()), total)
                tie_whole_rows(connection, name, _rows(folder / f"{name}.jsonl"))
            count_on(connection)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the export '{folder}': {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"'{folder}' is no whole export: {error!r}") from error
    return counts


def _files(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    path = folder / MANIFEST
    if not path.exists():
        raise InputError(f"'{folder}' has no {MANIFEST}: it is no export, or was not finished")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest["format"] != FORMAT or manifest["version"] != VERSION:
        raise InputError(f"'{folder}' is an export this mailer does not know: update the mailer")
    files: Mapping[str, Mapping[str, Any]] = manifest["files"]
    return files


def _require_whole(path: Path, wanted: str) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    if digest.hexdigest() != wanted:
        raise InputError(f"'{path.name}' has been changed since it was exported: export anew")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        while line := file.readline(_LONGEST):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise TypeError(f"{path.name}: a line is no object")
            yield row
