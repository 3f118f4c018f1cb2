"""Run one server for as long as the process that started us lives, then remove its folder.

Usage: `python -I watch.py FOLDER`, with a pipe as standard input. Its first line is the order, a
JSON list: the user who gets the folder and runs the command (empty: whoever we are), the command.
The pipe closes when the test process ends, however it ends, `kill -9` included.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_GRACE_SECONDS = 5  # Our servers stop within 0.1 s; what takes longer hangs.


def main(folder: str) -> int:
    """Wait for the order, run the command until it ends or the pipe does; give its exit code."""
    try:
        order = sys.stdin.buffer.readline()
        return _run(folder, *json.loads(order)) if order else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: str, user: str, *command: str) -> int:
    rights = _give(folder, user) if user else {}
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True, **rights
    )

    def end_with_pipe() -> None:
        while os.read(0, 1):
            pass
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)

    threading.Thread(target=end_with_pipe, daemon=True).start()
    return server.wait()


def _give(folder: str, user: str) -> dict[str, Any]:
    """Give the folder to the user; the arguments of a process with her rights and no more."""
    owner = pwd.getpwnam(user)
    for path in (Path(folder), *Path(folder).rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
