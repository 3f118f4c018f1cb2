"""A process that has read the product once and forks a `mailer …` process for each order.

Python reads the product for a second; a fork takes a hundredth of it. The children are processes
like any others: each leads a group of its own, opens its own connections, and can be killed.

Usage: `python -m tests.faults.nursery`, one JSON order a line on standard input:
{"start": words, "environment": …, "log": path} answers {"pid": …},
{"wait": pid} answers {"code": …} once that child has ended (-9: killed by SIGKILL).
It ends, with all its children, when its input does.
"""

import json
import os
import signal
import sys
import traceback
from contextlib import redirect_stdout, suppress
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment

from mailer.cli import main
from tests.faults import hooks, mutations


def serve() -> None:
    """Obey orders until there are no more."""
    assert mutations.MUTATIONS
    _compile_templates_once()
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


def _compile_templates_once() -> None:
    """Compile every template before the first fork: half of what a child of few mails would do."""
    compile_template = Environment.compile
    compiled: dict[object, Any] = {}

    def compile_once(
        self: Environment, source: Any, name: Any = None, filename: Any = None, **words: Any
    ) -> Any:
        key = (self.autoescape if isinstance(self.autoescape, bool) else "", source, filename)
        if key not in compiled:
            compiled[key] = compile_template(self, source, name, filename, **words)
        return compiled[key]

    Environment.compile = compile_once  # type: ignore[assignment,method-assign]
    with TemporaryDirectory() as folder, suppress(SystemExit):
        os.environ |= {"MAILER_DATABASE_URL": f"sqlite:///{folder}/warm.db"}
        sys.argv = ["mailer", "templates", "check", "digest"]
        with redirect_stdout(sys.stderr):
            main.run()


def _fork(words: list[str], environment: dict[str, str], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
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
