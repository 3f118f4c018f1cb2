"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere; on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from mailer.cli.output import note

_PLAIN_SECONDS = 5.0


@contextmanager
def progress(
    what: str, total: int | None, *, in_bytes: bool = False, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Give what is to be called with how much is done; `quiet` shows nothing.

    Elsewhere than on a terminal work that ends within seconds says nothing.
    """
    console = Console(stderr=True)
    if quiet:
        yield lambda _done: None
    elif console.is_terminal:
        amount: ProgressColumn = DownloadColumn() if in_bytes else MofNCompleteColumn()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            amount,
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
    else:
        yield _plainly(what, total)


def _plainly(what: str, total: int | None) -> Callable[[int], None]:
    said_at = time.monotonic()

    def say(done: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _PLAIN_SECONDS:
            said_at = time.monotonic()
            note(f"{what}: {done * 100 // total} %" if total else f"{what}: {done}")

    return say
