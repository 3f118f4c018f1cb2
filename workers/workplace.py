"""What a worker process works with: its own installation and backend."""

import os
from collections.abc import Callable
from typing import TextIO

from mailer.bootstrap import Installation
from mailer.ports import Backend


class Workplace:
    """An installation and its backend, opened on first use in each process.

    Celery forks its pool: a connection opened before the fork would be shared by two processes.
    """

    def __init__(self, open_room: Callable[[], Installation], stream: TextIO | None = None) -> None:
        self._open_room = open_room
        self._stream = stream
        self._pid = 0
        self._room: Installation | None = None
        self._backend: Backend | None = None

    @property
    def room(self) -> Installation:
        """This process's installation."""
        if self._room is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._room = self._open_room()
            self._backend = None
        return self._room

    @property
    def backend(self) -> Backend:
        """This process's backend, kept over tasks so that its connections are."""
        room = self.room
        if self._backend is None:
            self._backend = room.open_backend(self._stream)
        return self._backend

    def close(self) -> None:
        """Close this process's backend, so that its servers hear QUIT; the room is its owner's."""
        if self._backend is not None and self._pid == os.getpid():
            self._backend.close()
            self._backend = None
