"""Imports of readers beside the look by itself: mail does not wait for a long list."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mailer.bootstrap import Installation
from mailer.errors import MailerError
from mailer.flows.keep_imports import work_imports

EVERY_SECONDS = 2.0
_log = logging.getLogger(__name__)


@contextmanager
def imports_beside(room: Installation) -> Iterator[None]:
    """Take imports in a thread of this process while the block lasts.

    It ends after the batch at hand; another process, or the next start, goes on there.
    """
    over = threading.Event()

    def work() -> None:
        while not over.wait(EVERY_SECONDS):
            try:
                while not over.is_set() and work_imports(
                    room.desk.database,
                    room.desk.signer,
                    clock=room.clock,
                    go_on=lambda: not over.is_set(),
                ):
                    pass
            except MailerError as error:
                _log.warning("an import waits for the next look: %s", error)

    thread = threading.Thread(target=work, name="imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
