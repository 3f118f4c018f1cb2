"""A process that has read the product once and forks a `mailer …` process for each order.

Python reads the product for a second; a fork takes a hundredth of it. The children are processes
like any others: each leads a group of its own, opens its own connections, and can be killed.

Usage: `python -m tests.faults.nursery`, one JSON order a line on standard input:
{"start": words, "environment": …, "log": path} answers {"pid": …},
{"wait": pid} answers {"code": …} once that child has ended (-9: killed by SIGKILL).
It ends, with all its children, when its input does.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from typing import Any

from mailer.cli import main
from tests.faults import hooks, mutations

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# The product reads these when it needs them: in a child that would be inside a transaction, which
# some tests let PostgreSQL end when it thinks for too long.
_READ_LATE = ("cssutils", "premailer")


def serve() -> None:
    """Obey orders until there are no more."""
    assert mutations.MUTATIONS
    for name in _READ_LATE:
        import_module(name)
    alive: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            pid = _fork(order["start"], order["environment"], order["log"])
            alive.add(pid)
            answer = {"pid": pid}
        else:
            _, status = os.waitpid(order["wait"], 0)
            alive.discard(order["wait"])
            answer = {"code": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _fork(words: list[str], environment: dict[str, str], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        # However we end, our children do as well, frozen ones included.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, descriptor in ((0, nothing), (1, output), (2, output)):
            os.dup2(descriptor, number)
        os.environ.update(environment)
        code = _run(words)
    except BaseException:  # noqa: BLE001 - a child must never go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(words: list[str]) -> int:
    faults: dict[str, Any] = json.loads(os.environ.get(hooks.VARIABLE, "{}"))
    hooks.apply_faults(**faults)
    sys.argv = ["mailer", *words]
    try:
        main.run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0


if __name__ == "__main__":
    serve()
