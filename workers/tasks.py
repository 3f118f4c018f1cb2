"""The tasks: each takes an id, calls a flow, and rings the next bell."""

import logging
import time
from collections.abc import Callable

from celery import Celery

from mailer.bootstrap import webhook_sender
from mailer.core.readers import Cadence
from mailer.flows.deliver_in_lanes import deliver_in_lanes
from mailer.flows.find_quiet_follows import find_quiet_follows, tell_quiet_follows
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.plan_run import plan_run
from mailer.flows.poll_feeds import FeedPoller
from mailer.flows.purge import purge
from mailer.flows.pursue_corrections import pursue_corrections
from mailer.flows.recover import recover
from mailer.store.runs import find_run
from workers.bell import (
    BOUNCES,
    DELIVER,
    DELIVER_NOTICES,
    FEEDS,
    FOLLOWS,
    PLAN,
    PURGE,
    RECOVER,
    TICK,
    WEBHOOKS,
    CeleryBell,
)
from workers.beside import look_at_bounces
from workers.workplace import Workplace

_log = logging.getLogger(__name__)
# A soft stop waits 30 s for tasks at hand: one that ends in time leaves nothing in doubt.
_TURN_SECONDS = 20.0
# One run may keep so many processes busy; what is rung in vain ends at once.
_MOST_RINGS = 16


def register_tasks(app: Celery, workplace: Workplace) -> CeleryBell:
    """Teach an application to work at a workplace and return its bell."""
    bell = CeleryBell(app)

    @app.task(name=PLAN, shared=False)
    def plan(run_id: int) -> None:
        room = workplace.room
        shard_count = plan_run(room.desk, run_id, now=room.clock())
        with room.desk.database.read() as connection:
            alert = find_run(connection, run_id).cadence is Cadence.INSTANT
        for _ in range(min(max(shard_count, 1), _MOST_RINGS)):
            bell.ring_deliver(run_id, alert=alert)

    @app.task(name=DELIVER, shared=False)
    def deliver(run_id: int, *, alert: bool = False) -> None:
        room = workplace.room
        done = deliver_in_lanes(
            room.desk,
            workplace.backend,
            clock=room.clock,
            run_id=run_id,
            window=room.settings.smtp_window,
            lanes=room.lanes,
            go_on=_turn(),
        )
        if done.more:
            bell.ring_deliver(run_id, alert=alert)

    @app.task(name=DELIVER_NOTICES, shared=False)
    def deliver_notices() -> None:
        room = workplace.room
        done = deliver_in_lanes(
            room.desk,
            workplace.backend,
            clock=room.clock,
            notices_only=True,
            window=room.settings.smtp_window,
            lanes=room.lanes,
            go_on=_turn(),
        )
        if done.more:
            bell.ring_notice()

    @app.task(name=TICK, shared=False)
    def tick() -> None:
        room = workplace.room
        for run_id in open_due_runs(room.desk.database, now=room.clock()).opened:
            with room.desk.database.read() as connection:
                shard_count = find_run(connection, run_id).shard_count
            for _ in range(min(shard_count, _MOST_RINGS)):
                bell.ring_plan(run_id)

    @app.task(name=RECOVER, shared=False)
    def recover_lost() -> None:
        room = workplace.room
        left = recover(room.desk.database, policy=room.settings.in_doubt, now=room.clock())
        told = pursue_corrections(room.desk, now=room.clock()).told_count
        for run_id in left.unfinished_run_ids:
            bell.ring_plan(run_id)
        if left.notices_due or told:
            bell.ring_notice()

    @app.task(name=FEEDS, shared=False)
    def poll_feeds() -> None:
        room = workplace.room
        for _ in FeedPoller(room.desk.database, room.clock).poll_due(_turn()):
            pass

    @app.task(name=BOUNCES, shared=False)
    def look_for_bounces() -> None:
        look_at_bounces(workplace.room, _turn())

    @app.task(name=WEBHOOKS, shared=False)
    def send_webhooks() -> None:
        for webhook_id in webhook_sender(workplace.room).send_due(_turn()).disabled:
            _log.error("webhook %s is disabled: see 'mailer webhooks list'", webhook_id)

    @app.task(name=FOLLOWS, shared=False)
    def look_after_follows() -> None:
        room = workplace.room
        now = room.clock()
        found = find_quiet_follows(room.desk.database, now=now)
        if tell_quiet_follows(room.desk, found, now=now):
            bell.ring_notice()

    @app.task(name=PURGE, shared=False)
    def purge_aged() -> None:
        room = workplace.room
        purge(room.desk.database, room.settings.retention, now=room.clock(), go_on=_turn())

    return bell


def _turn() -> Callable[[], bool]:
    """Return a question that is answered no once this turn is over."""
    end = time.monotonic() + _TURN_SECONDS
    return lambda: time.monotonic() < end
