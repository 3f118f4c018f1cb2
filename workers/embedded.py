"""A worker inside this process, on the in-memory broker: the same tasks, no service."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from celery.worker import state

from mailer.bootstrap import Installation
from mailer.errors import ServiceAway
from workers.app import make_app
from workers.bell import CeleryBell
from workers.tasks import register_tasks
from workers.workplace import Workplace

_LOOK_SECONDS = 0.005


class EmbeddedWorker:
    """A worker in a thread of this process, and the bell to ring it with."""

    def __init__(self, room: Installation, stream: TextIO | None = None) -> None:
        self._app = make_app("memory://")
        self._workplace = Workplace(lambda: room, stream)
        self.bell: CeleryBell = register_tasks(self._app, self._workplace)
        # Celery introduces itself at length; in one's own terminal only trouble is news.
        for name in ("celery", "kombu"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._worker = self._app.WorkController(
            pool="solo",
            concurrency=1,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._thread = threading.Thread(target=self._serve, name="embedded-worker", daemon=True)
        self._thread.start()

    def require_alive(self) -> None:
        """Raise ServiceAway when the thread has ended: nobody would do the work waited for."""
        if not self._thread.is_alive():
            raise ServiceAway("the worker in this process has stopped: 'mailer drain' goes on")

    def stop(self) -> None:
        """Stop after the task at hand; what is still queued stays in the database."""
        # Its work shows before it is over: it may still hold a connection for a moment. Joining
        # the thread instead would cost two seconds, in which Celery's timer falls asleep.
        while state.active_requests and self._thread.is_alive():
            time.sleep(_LOOK_SECONDS)
        self._worker.stop()
        self._workplace.close()

    def _serve(self) -> None:
        # Tasks are looked up in the current application, which is the thread's own.
        self._app.set_current()
        self._worker.start()


@contextmanager
def embedded_worker(room: Installation, stream: TextIO | None = None) -> Iterator[EmbeddedWorker]:
    """Run a worker while the block lasts. The block must not end before its work has."""
    worker = EmbeddedWorker(room, stream)
    try:
        yield worker
    finally:
        worker.stop()
