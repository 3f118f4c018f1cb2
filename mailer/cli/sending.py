"""Working a run to its end from the command line, in this process or by waiting for workers."""

import sys
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from mailer.bootstrap import Installation
from mailer.cli.watching import look_at_run, progress_bar
from mailer.core.runs import Run
from mailer.store.runs import find_run
from workers.app import make_app
from workers.bell import CeleryBell
from workers.embedded import embedded_worker

_LOOK_SECONDS = 0.05


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
        return look_at_run(room, run_id, lambda run: look_after(), every_seconds=_LOOK_SECONDS)
    with progress_bar(console, run_id) as draw:

        def look(run: Run) -> None:
            look_after()
            draw(run)

        return look_at_run(room, run_id, look, every_seconds=_LOOK_SECONDS)
