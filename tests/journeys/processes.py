"""Real processes of the product, each in a group of its own, ended with the test."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class Processes:
    """Start `mailer …` processes, kill them, and end what is left."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, module: str = "mailer"
    ) -> None:
        self._environment = os.environ | environment
        self._folder = folder
        self._module = module
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, *words: str) -> str:
        """Run a command to its end and return what it printed; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", self._module, *words],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on; its output is in the test's folder."""
        log = self._folder / f"{len(self._running):02d}-{words[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", self._module, *words],
                env=self._environment,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process with all it started, as a machine that loses power does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def stop_softly(self, process: subprocess.Popen[bytes]) -> int:
        """Send SIGTERM as a supervisor does, and return the exit code."""
        process.terminate()
        return process.wait(timeout=60)

    def end(self) -> None:
        """End everything."""
        for process in self._running:
            self.kill(process)

    def logs(self) -> str:
        """Return the end of every log, for a failing test."""
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self._folder.glob("*.log"))
        )


def wait_until(true: Callable[[], bool], *, seconds: float, what: str, every: float = 0.1) -> None:
    """Ask again and again; fails when it takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(every)
