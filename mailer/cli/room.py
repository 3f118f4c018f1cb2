"""How a command gets its installation."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailer.bootstrap import Installation, open_installation
from mailer.settings import Settings, read_settings


@contextmanager
def open_room(settings: Settings | None = None) -> Iterator[Installation]:
    """Open the installation the settings describe, and close it at the end."""
    room = open_installation(settings or read_settings())
    try:
        yield room
    finally:
        room.close()
