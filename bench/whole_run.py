"""Measure a whole run: planned and sent by Celery workers with Redis, PostgreSQL and smtp-sink.

    python -m bench.whole_run --readers 5000 --workers 2 --connections 2 --json run.json

Told are the seconds from the bell to the plan's end and to the run's, mails a second while they
were sent, and the processor time of the workers for a mail with the peak memory of the largest. In
the same minute into the same sink: what smtp-source alone sends of that size, and what a naive
mailer does with the same letters, each by Jinja, premailer and EmailMessage and then smtplib. The
ledger must be clean at the end.
"""

import argparse
import json
import smtplib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench.newsroom import NOW, SLUG, Size, fill
from bench.tables import print_table, spread
from mailer.bootstrap import Installation, open_installation
from mailer.core.deliveries import DeliveryState
from mailer.core.letters import Letter
from mailer.core.runs import Run, RunState
from mailer.flows.check_ledger import check_ledger
from mailer.flows.preview_mail import rebuild_mail
from mailer.flows.write_letters import write_rows
from mailer.settings import Settings
from mailer.store.database import upgrade
from mailer.store.ledger_reading import list_deliveries
from mailer.store.runs import find_run
from mailer.store.tags import read_vocabulary
from tests.journeys.processes import Processes
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.smtp_sink import SmtpSink, postfix_program

_LOOK_SECONDS = 0.05
_LONGEST_SECONDS = 900
_WEIGHED = 20
_NAIVE = 200


def main() -> None:
    """Measure, tell the table, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--readers", type=int, default=5000)
    wanted.add_argument("--workers", default="2", help="processes of the worker; with commas")
    wanted.add_argument("--connections", type=int, default=2, help="of each process")
    wanted.add_argument("--window", type=int, default=16, help="MAILER_SMTP_WINDOW")
    wanted.add_argument("--repeats", type=int, default=3)
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    given = wanted.parse_args()
    rows = []
    for workers in map(int, given.workers.split(",")):
        runs = [
            measure(given.readers, workers, given.connections, given.window)
            for _ in range(given.repeats)
        ]
        rows.append({name: spread([run[name] for run in runs]) for name in runs[0]})
    title = (
        f"A run for {given.readers} readers, {given.connections} connections a worker, "
        f"windows of {given.window}, "
        f"medians of {given.repeats} (least–most)"
    )
    print_table(title, rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def measure(readers: int, workers: int, connections: int, window: int) -> dict[str, float]:
    """Run once on servers of its own; the figures by their names in the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailer-bench-")))
        postgres, redis, sink = PostgresServer.start(), RedisServer.start(), SmtpSink.start()
        for server in (postgres, redis, sink):
            stack.callback(server.stop)
        environment = {
            "MAILER_DATABASE_URL": postgres.create(),
            "MAILER_BROKER_URL": redis.url,
            "MAILER_BACKEND": "smtp",
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?messages=10000",
            "MAILER_SMTP_CONNECTIONS": str(connections),
            "MAILER_SMTP_WINDOW": str(window),
        }
        upgrade(environment["MAILER_DATABASE_URL"])
        room = open_installation(Settings(database_url=environment["MAILER_DATABASE_URL"]))
        stack.callback(room.close)
        fill(room.desk.database, Size(readers))
        processes = Processes(environment, folder)
        stack.callback(processes.end)
        worker = processes.start("worker", "--concurrency", str(workers))
        time.sleep(4)  # Workers start once; what is measured is a run.
        figures = _timed_run(room, processes, worker.pid, sink.port)
        return {"workers": workers, **figures}


def _timed_run(
    room: Installation, processes: Processes, worker: int, port: int
) -> dict[str, float]:
    used = _processor_seconds(worker)
    began = time.monotonic()
    processes.run("send", SLUG, "daily", "--as-of", NOW.isoformat())
    run_id = 1
    planned_at = _wait(lambda: _run(room, run_id).state is not RunState.PLANNING)
    first_at = time.monotonic()
    before = _accepted(room, run_id)
    done_at = _wait(lambda: _run(room, run_id).state is RunState.DONE)
    worked = _processor_seconds(worker) - used
    mails = _accepted(room, run_id)
    broken = [one for one in check_ledger(room.desk.database, now=room.clock()) if one.count]
    if broken or not mails:
        raise SystemExit(f"{mails} mails, and the ledger is broken: {broken}")
    rate = (mails - before) / (done_at - first_at)
    size = _usual_size(room)
    peak = _peak_megabytes(worker)
    alone = _by_smtp_source(port, mails, size)
    naive = _by_naive_mailer(room, port)
    return {
        "mails": mails,
        "bytes": size,
        "planned s": planned_at - began,
        "done s": done_at - began,
        "mails /s sending": rate,
        "smtp-source /s": alone,
        "by smtp-source": rate / alone,
        "naive /s": naive,
        "by naive": rate / naive,
        "worker µs a mail": worked / mails * 1e6,
        "peak MB": peak,
    }


def _wait(true: Callable[[], bool]) -> float:
    """Look until it is true, and give that moment."""
    end = time.monotonic() + _LONGEST_SECONDS
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"the run did not end within {_LONGEST_SECONDS} s")
        time.sleep(_LOOK_SECONDS)
    return time.monotonic()


def _run(room: Installation, run_id: int) -> Run:
    with room.desk.database.read() as connection:
        return find_run(connection, run_id)


def _accepted(room: Installation, run_id: int) -> int:
    return _run(room, run_id).counts.get(DeliveryState.ACCEPTED, 0)


def _usual_size(room: Installation) -> int:
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection, limit=_WEIGHED)
    return round(statistics.mean(len(rebuild_mail(room.desk, row.id).content) for row in rows))


def _by_smtp_source(port: int, count: int, size: int) -> float:
    command = [postfix_program("smtp-source"), "-d", "-s", "1", "-m", str(count), "-l", str(size)]
    began = time.monotonic()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True)
    return count / (time.monotonic() - began)


def _by_naive_mailer(room: Installation, port: int) -> float:
    """Make and send some of the run's mails as one would without editions: mails a second."""
    with room.desk.database.read() as connection:
        vocabulary = read_vocabulary(connection)
        papers = write_rows(connection, list_deliveries(connection, limit=_NAIVE), vocabulary)
    letters = [paper for paper in papers if isinstance(paper, Letter)]
    began = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port) as session:
        for letter in letters:
            content = room.desk.renderer.content(letter, vocabulary)
            session.sendmail(letter.newsletter.sender_address, [letter.email], content)
    return len(letters) / (time.monotonic() - began)


def _peak_megabytes(process_id: int) -> float:
    """Return the peak memory of the largest process of a worker."""
    everyone = [process_id, *(one.pid for one in psutil.Process(process_id).children())]
    peaks = []
    for one in everyone:
        status = Path(f"/proc/{one}/status").read_text()
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return max(peaks)


def _processor_seconds(process_id: int) -> float:
    """Return what a process and all it started have used so far."""
    first = psutil.Process(process_id)
    used = [one.cpu_times() for one in (first, *first.children(recursive=True))]
    return float(sum(one.user + one.system for one in used))


if __name__ == "__main__":
    main()
