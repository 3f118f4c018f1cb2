"""A worker inside this process, on the in-memory broker: the same tasks, no service."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from mailer.bootstrap import Installation
from workers.app import make_app
from workers.bell import CeleryBell
from workers.tasks import register_tasks
from workers.workplace import Workplace


@contextmanager
def embedded_worker(room: Installation, stream: TextIO | None = None) -> Iterator[CeleryBell]:
    """Run a worker in a thread while the block lasts and give the bell to ring it with.

    The block must not end before its work has: what is still queued then stays in the database.
    """
    app = make_app("memory://")
    bell = register_tasks(app, Workplace(lambda: room, stream))
    # Celery introduces itself at length; in one's own terminal only trouble is news.
    logging.getLogger("celery").setLevel(logging.ERROR)
    worker = app.WorkController(
        pool="solo", concurrency=1, without_gossip=True, without_mingle=True, without_heartbeat=True
    )
    thread = threading.Thread(target=worker.start, name="embedded-worker", daemon=True)
    thread.start()
    try:
        yield bell
    finally:
        worker.should_terminate = True
        worker.stop()
