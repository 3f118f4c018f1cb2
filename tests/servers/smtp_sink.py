"""Postfix's smtp-sink on a loopback port: takes every mail, and offers PIPELINING."""

import os
import shutil
import socket
from contextlib import suppress

from tests.servers.process import ServerProcess

_TRIES = 5  # Between finding a free port and taking it, another process may be quicker.


class NoPostfix(Exception):  # noqa: N818 - like NoPostgres, a reason to skip
    """Postfix's programs are not installed here."""


def postfix_program(name: str) -> str:
    """Give the path of one of Postfix's programs. Raises NoPostfix with how to get it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        raise NoPostfix(f"{name} is missing: apt install postfix, or 'make postfix' as root")
    return found


class SmtpSink:
    """A server that answers yes to everything and keeps nothing; `port` on 127.0.0.1."""

    def __init__(self, process: ServerProcess, port: int) -> None:
        self._process = process
        self.port = port

    @classmethod
    def start(cls, *options: str) -> "SmtpSink":
        """Start it with further options, such as `-f RCPT`. Raises NoPostfix or RuntimeError."""
        program = postfix_program("smtp-sink")
        for _ in range(_TRIES - 1):
            with suppress(RuntimeError):
                return cls._start_once(program, options)
        return cls._start_once(program, options)

    @classmethod
    def _start_once(cls, program: str, options: tuple[str, ...]) -> "SmtpSink":
        process = ServerProcess()
        port = free_port()
        # Root may only run it as somebody else.
        user = ("-u", "nobody") if os.geteuid() == 0 else ()
        process.start(
            *(program, *user, *options, f"127.0.0.1:{port}", "200"), is_up=lambda: _answers(port)
        )
        return cls(process, port)

    def stop(self) -> None:
        """End the server."""
        self._process.stop()


def free_port() -> int:
    """Find a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as client:
        return client.recv(4) == b"220 "
    return False
