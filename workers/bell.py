"""The bell: tell workers that work may be due."""

import logging

from celery import Celery
from kombu.exceptions import OperationalError

from workers.queues import ALERTS, DIGESTS, PLANNING

PLAN = "mailer.plan_run"
DELIVER = "mailer.deliver_run"
TICK = "mailer.tick"
RECOVER = "mailer.recover"

_log = logging.getLogger(__name__)


class CeleryBell:
    """Ring by a Celery task.

    A broker that is away costs seconds: workers also look by themselves.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring_plan(self, run_id: int) -> None:
        """A run waits to be planned, or planned further."""
        self._ring(PLAN, PLANNING, run_id, {})

    def ring_deliver(self, run_id: int, *, alert: bool = False) -> None:
        """A run has deliveries due."""
        self._ring(DELIVER, ALERTS if alert else DIGESTS, run_id, {"alert": alert})

    def _ring(self, task: str, queue: str, run_id: int, words: dict[str, bool]) -> None:
        try:
            self._app.send_task(task, (run_id,), words, queue=queue, retry=False)
        except OperationalError as error:
            _log.warning("the broker is away, run %d waits for the next look: %s", run_id, error)
