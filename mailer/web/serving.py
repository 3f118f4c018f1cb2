"""Serving the application: uvicorn on one socket, until told to stop."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from mailer.bootstrap import Installation
from mailer.errors import InputError
from mailer.ports import Bell
from mailer.web.application import make_app
from mailer.web.visits import IS_LEAVING

# Slow clients hold a connection each and no thread: beyond that many, 503 is kinder than waiting.
_MOST_CONNECTIONS = 1_000
_STOP_SECONDS = 10


def serve(room: Installation, host: str, port: int, bell: Bell | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises InputError when the port cannot be had."""
    with _listening(host, port) as listener:
        _server(room, bell).run(sockets=[listener])


@contextmanager
def serving(room: Installation, host: str, port: int, bell: Bell | None = None) -> Iterator[str]:
    """Serve from a thread of this process while the block lasts, and give the address."""
    with _listening(host, port) as listener:
        server = _server(room, bell)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        thread.start()
        try:
            yield _address(listener)
        finally:
            server.should_exit = True
            thread.join(_STOP_SECONDS + 5)


class _Server(uvicorn.Server):
    """Tells the streams that it stops: else an open dashboard keeps it until its time is up."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        setattr(self._app.state, IS_LEAVING, True)
        await super().shutdown(sockets)


def _server(room: Installation, bell: Bell | None) -> uvicorn.Server:
    app = make_app(room, bell)
    return _Server(
        app,
        uvicorn.Config(
            app,
            # The gate reads X-Forwarded-For by its own rule and writes a log without tokens.
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_config=None,
            lifespan="on",
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=_STOP_SECONDS,
            h11_max_incomplete_event_size=16 * 1024,
        ),
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {host} port {port}: {error}; name another with --port"
        ) from error
    with listener:
        # Inherited by every connection. asyncio sets it only where the socket names its protocol,
        # which this one does not; without it each answer after a connection's first waits 40 ms
        # for the client's acknowledgement of its headers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
