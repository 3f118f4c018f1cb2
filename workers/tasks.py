"""The tasks: each takes an id, calls a flow, and rings the next bell."""

from typing import TextIO

from celery import Celery

from mailer.bootstrap import Installation
from mailer.flows.deliver_run import deliver_run
from mailer.flows.plan_run import plan_run
from workers.bell import DELIVER, PLAN, CeleryBell


def register_tasks(app: Celery, room: Installation, stream: TextIO | None = None) -> CeleryBell:
    """Teach an application to work for an installation and return its bell."""
    bell = CeleryBell(app)
    backend = room.open_backend(stream)

    @app.task(name=PLAN)
    def plan(run_id: int) -> None:
        plan_run(room.desk, run_id, now=room.clock())
        bell.ring_deliver(run_id)

    @app.task(name=DELIVER)
    def deliver(run_id: int) -> None:
        deliver_run(
            room.desk,
            backend,
            clock=room.clock,
            run_id=run_id,
            window=room.settings.smtp_window,
        )

    return bell
