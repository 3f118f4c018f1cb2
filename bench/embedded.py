"""Measure the embedded mailer: one process, SQLite, no service but the mail server.

    python -m bench.embedded --readers 10000,100000 --json embedded.json

A run is opened, planned and sent as `mailer send` and `mailer drain` do, into Postfix's smtp-sink.
Each size runs in a process of its own; told are readers and mails a second by the clock, processor
time for one, and the peak memory. The ledger must be clean at the end.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.newsroom import NOW, SLUG, Size, fill
from bench.tables import print_table, spread
from mailer.bootstrap import open_installation
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.flows.check_ledger import check_ledger
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.settings import Settings
from mailer.store.database import upgrade
from tests.servers.smtp_sink import SmtpSink


def main() -> None:
    """Measure every size, tell the table, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--readers", default="1000,10000", help="sizes, with commas")
    wanted.add_argument("--connections", type=int, default=2)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    wanted.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = wanted.parse_args()
    if given.one is not None:
        print(json.dumps(measure(given.one, given.connections)))
        return
    rows = []
    for readers in given.readers.split(","):
        words = ["--one", readers, "--connections", str(given.connections)]
        told = subprocess.run(
            [sys.executable, "-m", "bench.embedded", *words],
            check=True,
            capture_output=True,
            text=True,
            env={name: value for name, value in os.environ.items() if "MAILER_" not in name},
        )
        figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
        rows.append({name: spread([value]) for name, value in figures.items()})
    print_table("Embedded, on SQLite, in one process", rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def measure(readers: int, connections: int) -> dict[str, float]:
    """Run once; the figures by their names in the table."""
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        sink = SmtpSink.start()
        url = f"sqlite:///{folder}/mailer.db"
        upgrade(url)
        settings = Settings(
            database_url=url,
            backend="smtp",
            smtp_url=f"smtp://127.0.0.1:{sink.port}?messages=10000",  # type: ignore[arg-type]
            smtp_connections=connections,
        )
        room = open_installation(settings, clock=lambda: NOW)
        backend = room.open_backend()
        try:
            fill(room.desk.database, Size(readers))
            own, began = time.process_time(), time.perf_counter()
            opened = open_run(room.desk.database, SLUG, Cadence.DAILY, as_of=NOW, now=NOW)
            plan_run(room.desk, opened.run_id, now=NOW)
            planned = time.perf_counter() - began
            sending = time.perf_counter()
            done = drain_ledger(
                room.desk,
                backend,
                clock=room.clock,
                window=settings.smtp_window,
                lanes=room.lanes,
            )
            sent = time.perf_counter() - sending
            own = time.process_time() - own
            mails = done.counts.get(DeliveryState.ACCEPTED, 0)
            broken = [one for one in check_ledger(room.desk.database, now=NOW) if one.count]
            if broken or not mails:
                raise SystemExit(f"{mails} mails, and the ledger is broken: {broken}")
        finally:
            backend.close()
            room.close()
            sink.stop()
        size = Path(folder, "mailer.db").stat().st_size
    return {
        "readers": readers,
        "mails": mails,
        "planned a second": readers / planned,
        "mails a second": mails / sent,
        "processor ms a mail": own / mails * 1e3,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "database MB": size / 2**20,
    }


if __name__ == "__main__":
    main()
