"""Measure planning: how many readers a second, and how the cost of one grows with their number.

    python -m bench.plan --readers 10000,100000 --database postgresql --json plan.json

Each size is planned in a process of its own, on a newsroom of 300 tags, 200 stories and 1 to 5
follows a reader, after the same readers were written and analysed. Told are medians over repeats:
seconds by the clock, processor time of the planner and of the database server for one reader, and
the planner's peak memory. What counts is the growth: the cost of a reader in the largest newsroom
by that in the smallest.
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

import psutil
from sqlalchemy import func, select, text

from bench.newsroom import NOW, SLUG, Size, fill
from bench.tables import print_table, spread
from mailer.bootstrap import open_installation
from mailer.core.readers import Cadence
from mailer.flows.check_ledger import check_ledger
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.settings import Settings
from mailer.store.database import Database, upgrade
from mailer.store.ledger_tables import deliveries, delivery_items
from tests.servers.postgres import PostgresServer


def main() -> None:
    """Measure every size, tell the table, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--readers", default="1000,10000", help="sizes, with commas")
    wanted.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    wanted.add_argument("--repeats", type=int, default=3)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    wanted.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = wanted.parse_args()
    if given.one is not None:
        print(json.dumps(measure(given.one, given.database)))
        return
    rows = []
    for readers in map(int, given.readers.split(",")):
        runs = [_in_own_process(readers, given.database) for _ in range(given.repeats)]
        rows.append({name: spread([run[name] for run in runs]) for name in runs[0]})
    smallest = rows[0]["planner µs a reader"]["median"] + rows[0]["server µs a reader"]["median"]
    for row in rows:
        cost = row["planner µs a reader"]["median"] + row["server µs a reader"]["median"]
        row["cost by the smallest's"] = spread([cost / smallest])
    print_table(f"Planning on {given.database}, medians of {given.repeats} (least–most)", rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def measure(readers: int, kind: str) -> dict[str, float]:
    """Plan one run for so many readers; the figures by their names in the table."""
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer.start() if kind == "postgresql" else None
        url = server.create() if server else f"sqlite:///{folder}/mailer.db"
        upgrade(url)
        room = open_installation(Settings(database_url=url))
        database = room.desk.database
        try:
            fill(database, Size(readers))
            _analyse(database)
            opened = open_run(database, SLUG, Cadence.DAILY, as_of=NOW, now=NOW)
            postmaster = _postmaster(database) if server else None
            before, began = _seconds_of(postmaster), time.perf_counter()
            own = time.process_time()
            plan_run(room.desk, opened.run_id, now=NOW)
            own, took = time.process_time() - own, time.perf_counter() - began
            served = _seconds_of(postmaster) - before
            with database.read() as connection:
                mails = connection.scalar(select(func.count()).select_from(deliveries)) or 0
                items = connection.scalar(select(func.count()).select_from(delivery_items)) or 0
            broken = [one for one in check_ledger(database, now=NOW) if one.count]
            if broken:
                raise SystemExit(f"the ledger is broken: {broken}")
        finally:
            room.close()
            if server:
                server.stop()
    return {
        "readers": readers,
        "mails": mails,
        "items a mail": items / max(mails, 1),
        "readers a second": readers / took,
        "planner µs a reader": own / readers * 1e6,
        "server µs a reader": served / readers * 1e6,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _in_own_process(readers: int, kind: str) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, "-m", "bench.plan", "--one", str(readers), "--database", kind],
        check=True,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if "MAILER_" not in name},
    )
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def _analyse(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def _postmaster(database: Database) -> psutil.Process:
    with database.read() as connection:
        backend = connection.scalar(select(func.pg_backend_pid()))
    return psutil.Process(backend).parent()


def _seconds_of(postmaster: psutil.Process | None) -> float:
    """Return the processor time of a server and of all its processes so far."""
    if postmaster is None:
        return 0.0
    total = 0.0
    for process in (postmaster, *postmaster.children(recursive=True)):
        used = process.cpu_times()
        total += used.user + used.system + used.children_user + used.children_system
    return total


if __name__ == "__main__":
    main()
