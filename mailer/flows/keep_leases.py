"""Keep the leases of a batch alive while it is built and sent."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from mailer.core.deliveries import LEASE
from mailer.errors import ServiceAway
from mailer.store.database import Database
from mailer.store.lease_keeping import prolong

_log = logging.getLogger(__name__)


@contextmanager
def keep_leases(
    database: Database,
    token: str,
    *,
    clock: Callable[[], datetime],
    every_seconds: float = LEASE.total_seconds() / 3,
) -> Iterator[None]:
    """Prolong the leases of a token again and again while the block lasts.

    A server may take ten minutes to answer the final dot (RFC 5321 section 4.5.3.2.6), a lease
    lasts one. A worker that dies or freezes stops prolonging as well, so its rows come free.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every_seconds):
            try:
                with database.write() as connection:
                    prolong(connection, token, clock())
            except ServiceAway as error:
                _log.warning("a lease could not be prolonged, trying again: %s", error)

    keeper = threading.Thread(target=keep, name="lease-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
