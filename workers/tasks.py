"""The tasks: each takes an id, calls a flow, and rings the next bell."""

from celery import Celery

from mailer.flows.deliver_run import deliver_run
from mailer.flows.plan_run import plan_run
from workers.bell import DELIVER, PLAN, CeleryBell
from workers.workplace import Workplace


def register_tasks(app: Celery, workplace: Workplace) -> CeleryBell:
    """Teach an application to work at a workplace and return its bell."""
    bell = CeleryBell(app)

    @app.task(name=PLAN, shared=False)
    def plan(run_id: int) -> None:
        room = workplace.room
        plan_run(room.desk, run_id, now=room.clock())
        bell.ring_deliver(run_id)

    @app.task(name=DELIVER, shared=False)
    def deliver(run_id: int) -> None:
        room = workplace.room
        window = room.settings.smtp_window
        deliver_run(room.desk, workplace.backend, clock=room.clock, run_id=run_id, window=window)

    return bell
