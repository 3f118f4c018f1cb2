"""What a process under test does to itself: die or freeze at a named point, live in another time,
or break a promise on purpose, so that a test of the promise can be seen to fail.

A process says so in $MAILER_TEST_FAULTS, a JSON object; nothing of the product knows of it.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import mailer.bootstrap
import workers.lookout
from mailer.store import database
from mailer.store.database import Connection, Database

_deliver: Any = import_module("mailer.flows.deliver_run")
VARIABLE = "MAILER_TEST_FAULTS"
# Where a step of the state machine is taken, and the name of the function that takes it. A step
# that found nothing to do does not count.
_POINTS = {
    "plan": ("plan_run", "finish_shard"),
    "claim": ("deliver_run", "claim"),
    "mark": ("deliver_run", "mark"),
    "settle": ("settle_window", "settle"),
    "reap": ("recover", "reap"),
}
_armed = threading.local()


@dataclass(frozen=True)
class Fault:
    """Die or freeze at the `nth` step of a kind.

    `when` is "first" (before its transaction), "before" and "after" its commit; for the sending
    itself "before" the first octet, in the "middle", and "after" the last answer.
    """

    point: str
    when: str
    act: str = "kill"
    nth: int = 1


def apply_faults(
    *,
    clock_file: str = "",
    look_seconds: float = 0.0,
    idle_ms: int = 0,
    fault: dict[str, Any] | None = None,
    mutation: str = "",
) -> None:
    """Change this process as it was asked to be."""
    if clock_file:
        _live_in(Path(clock_file))
    if look_seconds:
        workers.lookout.EVERY_SECONDS = look_seconds
    if idle_ms:
        database._IDLE_MS = database._LONGEST_MS = idle_ms
    if mutation:
        # Late: it imports what it breaks.
        from tests.faults.mutations import MUTATIONS

        MUTATIONS[mutation]()
    if fault:
        _strike(Fault(**fault))


def _live_in(file: Path) -> None:
    """Let the installation's clock run ahead by the seconds that stand in a file."""

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text() or 0))

    defaults = mailer.bootstrap.open_installation.__kwdefaults__
    assert defaults is not None
    defaults["clock"] = clock


def _strike(fault: Fault) -> None:
    number = signal.SIGKILL if fault.act == "kill" else signal.SIGSTOP
    left = [fault.nth]

    def act() -> None:
        os.kill(os.getpid(), number)

    def is_time() -> bool:
        left[0] -= 1
        return left[0] == 0

    if fault.when == "first":
        _before_the_mark(act, is_time)
    elif fault.point == "send":
        _while_sending(fault.when, act, is_time)
    else:
        flow, name = _POINTS[fault.point]
        module: Any = import_module(f"mailer.flows.{flow}")
        step = getattr(module, name)

        def step_and_strike(connection: Connection, *arguments: Any, **words: Any) -> Any:
            done = step(connection, *arguments, **words)
            if (fault.point == "plan" or _did_something(done)) and is_time():
                if fault.when == "before":
                    act()
                else:
                    _armed.act = act
            return done

        setattr(module, name, step_and_strike)
        _strike_behind_commits()


def _did_something(done: Any) -> bool:
    """Claim returns (token, rows), reap (count, count), mark and settle ids."""
    return any(done[1:] if isinstance(done[0], str) else done) if done else False


def _strike_behind_commits() -> None:
    write = Database.write

    @contextmanager
    def write_and_strike(self: Database, *, migrating: bool = False) -> Iterator[Connection]:
        with write(self, migrating=migrating) as connection:
            yield connection
        if act := _armed.__dict__.pop("act", None):
            act()

    Database.write = write_and_strike  # type: ignore[method-assign]


def _before_the_mark(act: Callable[[], None], is_time: Callable[[], bool]) -> None:
    mark = _deliver._Batch._mark

    def strike_and_mark(self: Any, window: Any, now: datetime) -> set[int]:
        if is_time():
            act()
        marked: set[int] = mark(self, window, now)
        return marked

    _deliver._Batch._mark = strike_and_mark


def _while_sending(when: str, act: Callable[[], None], is_time: Callable[[], bool]) -> None:
    collect = _deliver.collect_outcomes

    class Striking:
        """The backend, which strikes behind its first answer."""

        def __init__(self, backend: Any) -> None:
            self._backend = backend
            self.name = backend.name

        def send(self, messages: Sequence[Any]) -> Iterator[Any]:
            for outcome in self._backend.send(messages):
                yield outcome
                act()

    def collect_and_strike(backend: Any, messages: Sequence[Any]) -> Any:
        now = is_time()
        if now and when == "before":
            act()
        collected = collect(Striking(backend) if now and when == "middle" else backend, messages)
        if now and when == "after":
            act()
        return collected

    _deliver.collect_outcomes = collect_and_strike
