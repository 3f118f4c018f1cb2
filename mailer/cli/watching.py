"""Watching a run from the command line, whoever works it."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mailer.bootstrap import Installation
from mailer.cli.output import note
from mailer.core.deliveries import DeliveryState
from mailer.core.runs import Run, RunState
from mailer.delivery.breakers import closed_seconds
from mailer.errors import RenderError, TemplateError
from mailer.store.ledger_reading import due_count
from mailer.store.runs import find_run

# A worker writes the end of a run right behind its last mail; one that died leaves it to the next.
_END_SECONDS = 20.0
_WORKING = (DeliveryState.CLAIMED, DeliveryState.TRANSMITTING)


def look_at_run(
    room: Installation, run_id: int, see: Callable[[Run], None], *, every_seconds: float
) -> Run:
    """Show the run to `see` again and again until nothing of it is left to do now.

    What waits for a later retry is nothing to do now. Raises NotFoundError.
    """
    quiet = 0
    end_by = math.inf
    while True:
        with room.desk.database.read() as connection:
            # Before the counts: a row that is claimed between the two is seen in one of them.
            due = due_count(connection, run_id, room.clock())
            run = find_run(connection, run_id)
        closed = closed_seconds(room.desk.throttle, room.relays, room.clock())
        see(run)
        if run.state not in (RunState.PLANNING, RunState.SENDING):
            return run
        # What is due waits for a relay that took nothing up.
        moving = (due and not closed) or any(run.counts.get(state, 0) for state in _WORKING)
        quiet = 0 if moving or run.state is RunState.PLANNING else quiet + 1
        if quiet and not run.counts.get(DeliveryState.QUEUED, 0):
            # Nothing waits for a later retry either: its end is being written at this moment.
            end_by = min(end_by, time.monotonic() + _END_SECONDS)
        else:
            end_by = math.inf
        # Twice: between two looks a retry that has just become due may be claimed.
        if quiet > 1 and (end_by == math.inf or time.monotonic() > end_by):
            return run
        time.sleep(every_seconds)


def watch_templates(
    draw: Callable[[], None],
    version: Callable[[], str],
    pause: Callable[[], None] = lambda: time.sleep(0.2),
) -> None:
    """Draw now, and again whenever the templates have changed, until Ctrl-C.

    A mistake in a template is shown in the place of the mail, and the watch goes on.
    """
    seen = ""
    while True:
        try:
            if (now := version()) != seen:
                seen = now
                try:
                    draw()
                except TemplateError as error:
                    note(f"{error}\n\n{error.excerpt}")
                except RenderError as error:
                    note(str(error))
            pause()
        except KeyboardInterrupt:
            return


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
