"""Drain: plan and deliver everything that is due, in this process, without a broker."""

from collections.abc import Callable
from datetime import datetime

from mailer.core.deliveries import InDoubtPolicy
from mailer.core.runs import RunState
from mailer.flows.deliver_in_lanes import deliver_in_lanes
from mailer.flows.deliver_run import Delivered
from mailer.flows.desk import Desk
from mailer.flows.plan_run import plan_run
from mailer.flows.pursue_corrections import pursue_corrections
from mailer.flows.recover import recover
from mailer.ports import Backend
from mailer.store.runs import unfinished_runs


def drain_ledger(
    desk: Desk,
    backend: Backend,
    *,
    clock: Callable[[], datetime],
    window: int = 16,
    lanes: int = 1,
    policy: InDoubtPolicy = InDoubtPolicy.HOLD,
    go_on: Callable[[], bool] = lambda: True,
) -> Delivered:
    """Take back what dead workers left, plan what is unplanned, send what is due; then return."""
    recover(desk.database, now=clock(), policy=policy)
    pursue_corrections(desk, now=clock())
    with desk.database.read() as connection:
        runs = unfinished_runs(connection)
    for run in runs:
        if run.state is RunState.PLANNING:
            plan_run(desk, run.id, now=clock())
    return deliver_in_lanes(desk, backend, clock=clock, lanes=lanes, window=window, go_on=go_on)
