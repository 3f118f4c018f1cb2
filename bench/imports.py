"""Measure imports of readers: time and the most memory, at sizes that differ tenfold.

    python -m bench.imports --readers 10000,100000 [--database postgresql+psycopg://…]

Each size is imported by a process of its own into an empty database: a tenth of the lines are bad,
one in five follows something. Told are seconds, processor seconds, lines a second, and the peak of
resident memory, which must not grow with the file. Again imports the same file once more: nothing
changes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailer.core.readers import OF_FOLLOWS, Newsletter
from mailer.core.tags import Tag
from mailer.core.tokens import Signer
from mailer.flows.import_readers import import_readers
from mailer.store.database import Database, upgrade
from mailer.store.newsletters import save_newsletter
from mailer.store.tags import save_tags

_BAD = ("no address", "twice@{i}@x.example", "ok{i}@x.example", "", "a b@x.example")


def write_file(path: Path, count: int) -> None:
    """Write a list of readers, a tenth of whose lines are bad."""
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,language,timezone,hour,newsletter,follows,cadence\n")
        for i in range(count):
            if i % 10 == 9:
                file.write(f"{_BAD[i // 10 % 5].format(i=i)},Bad {i},en,Mars/Olympus,,,,\n")
            else:
                follow = "asia,china & !sport; japan,daily" if i % 5 == 0 else ",,"
                file.write(f"reader{i}@mail{i % 50}.example,Reader {i},ko,Asia/Seoul,7,{follow}\n")


def measure(path: Path, url: str) -> dict[str, Any]:
    """Import a file twice in this process and tell how it went."""
    upgrade(url)
    database = Database.open(url)
    with database.write() as connection:
        save_tags(connection, [Tag("china", "China"), Tag("japan", "Japan"), Tag("sport", "Sport")])
        slug, address = "asia", "asia@news.example"
        cadences = OF_FOLLOWS
        save_newsletter(
            connection,
            Newsletter(
                0, slug, slug, "", slug, address, "", "digest", ("en",), cadences, "*", "UTC"
            ),
        )
    told: dict[str, Any] = {"bytes": path.stat().st_size}
    for name in ("first", "again"):
        started, worked = time.perf_counter(), time.process_time()
        with path.open("rb") as stream:
            report = import_readers(
                database,
                stream,
                confirmed=True,
                consent="bench",
                clock=lambda: datetime.now(UTC),
                signer=Signer(("bench",)),
            )
        seconds = time.perf_counter() - started
        told[name] = {
            "seconds": round(seconds, 2),
            "processor_seconds": round(time.process_time() - worked, 2),
            "lines_a_second": round(report.record_count / seconds),
            "new": report.new_count,
            "unchanged": report.unchanged_count,
            "rejected": report.rejected_count,
        }
    told["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    database.close()
    return told


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", default="10000,100000")
    parser.add_argument("--database", default="", help="else a fresh SQLite file for each size")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one, asked.database)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for count in map(int, asked.readers.split(",")):
            path = Path(folder) / f"{count}.csv"
            write_file(path, count)
            url = asked.database or f"sqlite:///{folder}/{count}.db"
            command = [sys.executable, "-m", "bench.imports", "--one", path, "--database", url]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{count:>9,} readers: {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
