"""What goes on beside the look by itself, so that mail does not wait for it: imports, bounces."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from mailer.bootstrap import Installation
from mailer.errors import MailerError
from mailer.flows.keep_imports import work_imports
from mailer.flows.look_for_bounces import look_for_bounces

_IMPORT_SECONDS = 2.0
_BOUNCE_SECONDS = 15.0
_log = logging.getLogger(__name__)


@contextmanager
def slow_work_beside(room: Installation) -> Iterator[None]:
    """Take imports and look for bounces in threads of this process while the block lasts.

    Each ends after the batch or message at hand; another process, or the next start, goes on.
    """
    over = threading.Event()
    threads = [
        threading.Thread(
            target=_again_and_again, args=(over, seconds, work, room), name=name, daemon=True
        )
        for name, seconds, work in (
            ("imports", _IMPORT_SECONDS, take_imports),
            ("bounces", _BOUNCE_SECONDS, look_at_bounces),
        )
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        # A mailbox that does not answer is not waited for.
        threads[0].join()


def take_imports(room: Installation, go_on: Callable[[], bool]) -> None:
    """Take the imports of readers that wait."""
    while go_on() and work_imports(
        room.desk.database, room.desk.signer, clock=room.clock, go_on=go_on
    ):
        pass


def look_at_bounces(room: Installation, go_on: Callable[[], bool]) -> None:
    """Look into the mailbox of bounces, when there is one and it is time."""
    settings = room.settings
    looked = look_for_bounces(
        room.desk,
        settings.bounce_imap_url.get_secret_value(),
        every=timedelta(minutes=settings.bounce_poll_minutes),
        rule=settings.soft_rule,
        clock=room.clock,
        go_on=go_on,
    )
    if looked is not None and looked.error:
        _log.warning("the mailbox of bounces: %s", looked.error)


def _again_and_again(
    over: threading.Event,
    seconds: float,
    work: Callable[[Installation, Callable[[], bool]], None],
    room: Installation,
) -> None:
    while not over.wait(seconds):
        try:
            work(room, lambda: not over.is_set())
        except MailerError as error:
            _log.warning("%s waits for the next look: %s", work.__name__, error)
