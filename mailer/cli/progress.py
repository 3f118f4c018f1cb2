"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere; on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

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


class See(Protocol):
    """What is called with how much is done, and of how much when that was not known before."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """Show it."""
        ...


@contextmanager
def progress(
    what: str, total: int | None, *, in_bytes: bool = False, quiet: bool = False
) -> Iterator[See]:
    """Give what is to be called with how much is done; `quiet` shows nothing.

    Elsewhere than on a terminal work that ends within seconds says nothing.
    """
    console = Console(stderr=True)
    if quiet:
        yield _silently
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

            def draw(done: int, now_total: int | None = None, /) -> None:
                bar.update(task, completed=done, total=now_total or total)

            yield draw
    else:
        yield _plainly(what, total)


def _silently(_done: int, _total: int | None = None, /) -> None:
    pass


def _plainly(what: str, total: int | None) -> See:
    said_at = time.monotonic()

    def say(done: int, now_total: int | None = None, /) -> None:
        nonlocal said_at
        of = now_total or total
        if time.monotonic() - said_at >= _PLAIN_SECONDS:
            said_at = time.monotonic()
            note(f"{what}: {done * 100 // of} %" if of else f"{what}: {done}")

    return say
