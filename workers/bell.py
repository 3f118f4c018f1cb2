"""The bell: tell workers that work may be due."""

import logging

from celery import Celery
from kombu.exceptions import OperationalError

from workers.queues import ALERTS, DIGESTS, PLANNING, TRANSACTIONAL

PLAN = "mailer.plan_run"
DELIVER = "mailer.deliver_run"
DELIVER_NOTICES = "mailer.deliver_notices"
TICK = "mailer.tick"
RECOVER = "mailer.recover"
FOLLOWS = "mailer.look_after_follows"
FEEDS = "mailer.poll_feeds"
WEBHOOKS = "mailer.send_webhooks"
PURGE = "mailer.purge"
BOUNCES = "mailer.look_for_bounces"

_log = logging.getLogger(__name__)


class CeleryBell:
    """Ring by a Celery task.

    A broker that is away costs seconds: workers also look by themselves.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring_plan(self, run_id: int) -> None:
        """A run waits to be planned, or planned further."""
        self._ring(PLAN, PLANNING, f"run {run_id}", run_id)

    def ring_deliver(self, run_id: int, *, alert: bool = False) -> None:
        """A run has deliveries due."""
        queue = ALERTS if alert else DIGESTS
        self._ring(DELIVER, queue, f"run {run_id}", run_id, alert=alert)

    def ring_notice(self) -> None:
        """Notices are due."""
        self._ring(DELIVER_NOTICES, TRANSACTIONAL, "a notice")

    def _ring(self, task: str, queue: str, what: str, *ids: int, **words: bool) -> None:
        try:
            self._app.send_task(task, ids, words, queue=queue, retry=False)
        except OperationalError as error:
            _log.warning("the broker is away, %s waits for the next look: %s", what, error)
