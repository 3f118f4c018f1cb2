"""The tasks: each takes an id, calls a flow, and rings the next bell."""

from celery import Celery

from mailer.core.readers import Cadence
from mailer.flows.deliver_run import deliver_run
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.plan_run import plan_run
from mailer.flows.recover import recover
from mailer.store.runs import find_run
from workers.bell import DELIVER, PLAN, RECOVER, TICK, CeleryBell
from workers.workplace import Workplace


def register_tasks(app: Celery, workplace: Workplace) -> CeleryBell:
    """Teach an application to work at a workplace and return its bell."""
    bell = CeleryBell(app)

    @app.task(name=PLAN, shared=False)
    def plan(run_id: int) -> None:
        room = workplace.room
        plan_run(room.desk, run_id, now=room.clock())
        with room.desk.database.read() as connection:
            alert = find_run(connection, run_id).cadence is Cadence.INSTANT
        bell.ring_deliver(run_id, alert=alert)

    @app.task(name=DELIVER, shared=False)
    def deliver(run_id: int) -> None:
        room = workplace.room
        window = room.settings.smtp_window
        deliver_run(room.desk, workplace.backend, clock=room.clock, run_id=run_id, window=window)

    @app.task(name=TICK, shared=False)
    def tick() -> None:
        room = workplace.room
        for run_id in open_due_runs(room.desk.database, now=room.clock()).opened:
            bell.ring_plan(run_id)

    @app.task(name=RECOVER, shared=False)
    def recover_lost() -> None:
        room = workplace.room
        left = recover(room.desk.database, policy=room.settings.in_doubt, now=room.clock())
        for run_id in left.unfinished_run_ids:
            bell.ring_plan(run_id)

    return bell
