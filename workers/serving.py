"""Processes that serve: a Celery worker, beat, and the look by itself that needs no broker."""

import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from celery import Celery, Task
from celery.signals import setup_logging, task_postrun, task_prerun
from structlog.contextvars import bind_contextvars, clear_contextvars

from mailer.bootstrap import open_installation
from mailer.errors import InputError
from mailer.settings import Settings
from workers.app import make_app
from workers.bell import CeleryBell
from workers.queues import QUEUES
from workers.tasks import register_tasks
from workers.workplace import Workplace


@setup_logging.connect(weak=False)
def _leave_logs(**_words: object) -> None:
    """Keep Celery from laying out logs: the command line has, and its tasks write as all do."""


@task_prerun.connect(weak=False)
def _name_task(task_id: str, task: Task, **_words: object) -> None:
    """Let every line that is written for a task say so."""
    bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect(weak=False)
def _task_is_over(**_words: object) -> None:
    clear_contextvars()


def _app_for(settings: Settings) -> Celery:
    app = make_app(settings.broker_url)
    register_tasks(app, Workplace(lambda: open_installation(settings)))
    app.set_current()
    return app


def bell_of(settings: Settings) -> CeleryBell:
    """Return the bell that workers elsewhere hear."""
    return CeleryBell(make_app(settings.broker_url))


def read_queues(names: Sequence[str]) -> list[str]:
    """Return the queues a person named, or all; raises InputError that lists them."""
    known = [queue.name for queue in QUEUES]
    for name in names:
        if name not in known:
            raise InputError(f"unknown queue '{name}': use {', '.join(known)}")
    return list(names) or known


def serve_worker(settings: Settings, queues: Sequence[str], concurrency: int) -> int:
    """Work until told to stop, then return the exit code.

    SIGTERM asks for a soft stop: tasks at hand get 30 s to end, the rest goes back to the broker.
    Beside the worker a process looks for due work every 10 s, so that nothing stops when the
    broker is away.
    """
    _require_broker(settings)
    # Celery reads this once: SIGTERM, which is what supervisors send, means a soft stop.
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    app = _app_for(settings)
    worker = app.Worker(
        queues=read_queues(queues), concurrency=concurrency, loglevel="INFO", pool="prefork"
    )
    with _lookout():
        _calm_collector()
        worker.start()
    return int(worker.exitcode or 0)


def _calm_collector() -> None:
    """Look for cycles among new objects seldom, and never among those of the program itself.

    A batch or a shard makes some hundred thousand objects that live until it is done, and Python
    would look through them, and all else there is, again and again: a quarter of the processor time
    of planning, and a tenth of delivering. Processes that are forked take this over.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def serve_beat(settings: Settings) -> None:
    """Ring the clock's bells until told to stop. Any number of beats may ring: slots run once."""
    _require_broker(settings)
    app = _app_for(settings)
    with tempfile.TemporaryDirectory(prefix="mailer-beat-") as folder:
        # When which bell rang last is of no value after a restart: ticks look at the database.
        app.Beat(schedule=str(Path(folder) / "schedule"), loglevel="INFO").run()


def _require_broker(settings: Settings) -> None:
    if settings.is_embedded:
        raise InputError(
            "this needs a broker that other processes reach: set MAILER_BROKER_URL to "
            "redis://host:6379/0, or run 'mailer up', which needs none"
        )


@contextmanager
def _lookout() -> Iterator[None]:
    """Run `mailer drain --forever` beside the block; it ends with it, or with this process."""
    read_end, write_end = os.pipe()
    process = subprocess.Popen(  # noqa: S603 - our own program, our own words
        [sys.executable, "-m", "mailer", "drain", "--forever", "--until-closed", str(read_end)],
        pass_fds=(read_end,),
    )
    os.close(read_end)
    try:
        yield
    finally:
        # Closing our end tells it to stop, also when this process is killed.
        os.close(write_end)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
