"""Working a run to its end from the command line, in this process or by waiting for workers."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mailer.bootstrap import Installation
from mailer.core.deliveries import DeliveryState
from mailer.core.runs import Run, RunState
from mailer.store.ledger_reading import due_count
from mailer.store.runs import find_run
from workers.app import make_app
from workers.bell import CeleryBell
from workers.embedded import embedded_worker

_LOOK_SECONDS = 0.05
_WORKING = (DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)


def work_run(
    room: Installation, run_id: int, *, progress: bool, stream: TextIO | None = None
) -> Run:
    """Work a run in this process and return it when nothing of it is left to do now.

    Deliveries the server asked to try again later stay queued; the run is then still sending.
    """
    with embedded_worker(room, stream) as worker:
        worker.bell.ring_plan(run_id)
        return wait_for_run(room, run_id, progress=progress, look_after=worker.require_alive)


def ring_for_run(room: Installation, run_id: int, *, wait: bool) -> Run:
    """Ring for a run that workers elsewhere will do, and return it as it is now or at its end."""
    app = make_app(room.settings.broker_url)
    CeleryBell(app).ring_plan(run_id)
    app.close()
    if wait:
        return wait_for_run(room, run_id, progress=True, look_after=lambda: None)
    with room.desk.database.read() as connection:
        return find_run(connection, run_id)


def wait_for_run(
    room: Installation, run_id: int, *, progress: bool, look_after: Callable[[], None]
) -> Run:
    """Look at the run until nothing of it is left to do now, drawing a bar on a terminal.

    `look_after` raises when nobody is left to do the work.
    """
    console = Console(stderr=True)
    if not (progress and console.is_terminal and not sys.stdout.isatty()):
        return _look(room, run_id, lambda run: look_after())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"run {run_id}", total=None)

        def draw(run: Run) -> None:
            look_after()
            settled = run.planned_count - run.open_count
            bar.update(task, description=run.state, total=run.planned_count, completed=settled)

        return _look(room, run_id, draw)


def _look(room: Installation, run_id: int, draw: Callable[[Run], None]) -> Run:
    quiet = 0
    while True:
        with room.desk.database.read() as connection:
            run = find_run(connection, run_id)
        draw(run)
        if run.state not in (RunState.PLANNING, RunState.SENDING):
            return run
        if run.state is RunState.SENDING and not _is_moving(room, run):
            quiet += 1
            # Twice: between planning and the first claim nothing moves for a moment either.
            if quiet > 1:
                return run
        time.sleep(_LOOK_SECONDS)


def _is_moving(room: Installation, run: Run) -> bool:
    """Say whether rows are in a worker's hands, or due."""
    if any(run.counts.get(state, 0) for state in _WORKING):
        return True
    with room.desk.database.read() as connection:
        return due_count(connection, run.id, room.clock()) > 0
