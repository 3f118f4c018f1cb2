"""Deliver in lanes: several threads that claim, mark, send and settle, each on its own connection.

A lane is what a further process would be, so what is in doubt after a crash stays at most a window
a lane, and while one waits for the database another talks to a server. Lanes share the desk and
the backend.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from functools import partial
from threading import Event

from mailer.flows.deliver_run import Delivered, deliver_run
from mailer.flows.desk import Desk
from mailer.ports import Backend


def deliver_in_lanes(
    desk: Desk,
    backend: Backend,
    *,
    clock: Callable[[], datetime],
    lanes: int,
    run_id: int | None = None,
    notices_only: bool = False,
    window: int = 16,
    go_on: Callable[[], bool] = lambda: True,
) -> Delivered:
    """Send what is due as `deliver_run` does, in so many lanes, and return what became of it.

    When a lane fails, or we are interrupted, the others end behind their window and give back the
    rest; then the error is raised.
    """
    deliver = partial(
        deliver_run,
        desk,
        backend,
        clock=clock,
        run_id=run_id,
        notices_only=notices_only,
        window=window,
    )
    if lanes == 1:
        return deliver(go_on=go_on)
    stop = Event()

    def lane() -> Delivered:
        try:
            return deliver(go_on=lambda: not stop.is_set() and go_on())
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(lanes, thread_name_prefix="delivery-lane") as pool:
        running = [pool.submit(lane) for _ in range(lanes)]
        try:
            wait(running)
        except BaseException:
            stop.set()
            raise
    return _together([one.result() for one in running])


def _together(lanes: list[Delivered]) -> Delivered:
    """Add up what the lanes did."""
    done = Delivered()
    for lane in lanes:
        for state, count in lane.counts.items():
            done.counts[state] = done.counts.get(state, 0) + count
        done.halted = done.halted or lane.halted
        done.paused.update(lane.paused)
        done.more = done.more or lane.more
        done.closed_seconds = max(done.closed_seconds, lane.closed_seconds)
    return done
