"""Watching a run from the command line, whoever works it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mailer.bootstrap import Installation
from mailer.core.deliveries import DeliveryState
from mailer.core.runs import Run, RunState
from mailer.store.ledger_reading import due_count
from mailer.store.runs import find_run

_WORKING = (DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)


def look_at_run(
    room: Installation, run_id: int, see: Callable[[Run], None], *, every_seconds: float
) -> Run:
    """Show the run to `see` again and again until nothing of it is left to do now.

    What waits for a later retry is nothing to do now. Raises NotFoundError.
    """
    quiet = 0
    while True:
        with room.desk.database.read() as connection:
            run = find_run(connection, run_id)
        see(run)
        if run.state not in (RunState.PLANNING, RunState.SENDING):
            return run
        if run.state is RunState.SENDING and not _is_moving(room, run):
            quiet += 1
            # Twice: between planning and the first claim nothing moves for a moment either.
            if quiet > 1:
                return run
        time.sleep(every_seconds)


@contextmanager
def progress_bar(console: Console, run_id: int) -> Iterator[Callable[[Run], None]]:
    """Draw a bar while the block lasts; call what it gives with the run as it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"run {run_id}", total=None)

        def draw(run: Run) -> None:
            settled = run.planned_count - run.open_count
            bar.update(task, description=run.state, total=run.planned_count, completed=settled)

        yield draw


def _is_moving(room: Installation, run: Run) -> bool:
    """Say whether rows are in a worker's hands, or due."""
    if any(run.counts.get(state, 0) for state in _WORKING):
        return True
    with room.desk.database.read() as connection:
        return due_count(connection, run.id, room.clock()) > 0
