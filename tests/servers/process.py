"""Starting and ending one server process. What it serves, its own module knows."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_WATCH = Path(__file__).with_name("watch.py")
_START_SECONDS = 30


class ServerProcess:
    """A folder and a server in it. Both end with us, however we end.

    They are watched in a session of their own: ctrl-C reaches the tests, not the server under them.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailer-test-"))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the server ends
        self._watch = subprocess.Popen(
            [sys.executable, "-I", _WATCH, self.folder],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def start(self, *command: str | Path, is_up: Callable[[], bool], user: str = "") -> None:
        """Run the command in the folder, as the user who gets it, and wait until it answers.

        Raises RuntimeError with its output when it ends or stays silent; all is removed then.
        """
        assert self._watch.stdin is not None
        order = json.dumps([user, *map(str, command)])
        self._watch.stdin.write(f"{order}\n".encode())
        self._watch.stdin.flush()
        give_up_at = time.monotonic() + _START_SECONDS
        while self._watch.poll() is None and time.monotonic() < give_up_at:
            if is_up():
                return
            time.sleep(0.01)  # A server that starts has nobody to tell.
        self._end()
        self._log.seek(0)
        output = self._log.read().decode(errors="replace")
        self._log.close()
        raise RuntimeError(f"'{order}' did not start:\n{output}")

    def stop(self) -> None:
        """End the server and wait until the folder is gone."""
        self._end()
        self._log.close()

    def _end(self) -> None:
        # The closing pipe is the order to stop; see watch.py.
        assert self._watch.stdin is not None
        self._watch.stdin.close()
        self._watch.wait()
