"""How a command gets its installation."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailer.bootstrap import Installation, open_installation
from mailer.settings import Settings, read_settings
from mailer.store.audit import COMMAND_LINE, record_change


def record(room: Installation, action: str, subject: str, detail: str = "") -> None:
    """Write what a command changed to the audit log."""
    with room.desk.database.write() as connection:
        record_change(
            connection,
            actor=COMMAND_LINE,
            action=action,
            subject=subject,
            detail=detail,
            now=room.clock(),
        )


@contextmanager
def open_room(settings: Settings | None = None) -> Iterator[Installation]:
    """Open the installation the settings describe, and close it at the end."""
    room = open_installation(settings or read_settings())
    try:
        yield room
    finally:
        room.close()
