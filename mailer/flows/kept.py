"""What costs too much to read for every page: read once in a while, and kept."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

_T = TypeVar("_T")
# Seconds that somebody who opens a page does not mind.
WORTH_KEEPING = 0.5


class Kept(Generic[_T]):
    """Keeps what `read` gave for as long as it is `fresh`; any thread may ask.

    What took less than `worth` seconds to read is read again each time: a small newsroom sees its
    changes at once.
    """

    def __init__(
        self, read: Callable[[datetime], _T], *, fresh: timedelta, worth: float = 0.0
    ) -> None:
        self._read = read
        self._fresh = fresh
        self._worth = worth
        self._took = worth
        self._lock = threading.Lock()
        self._known: tuple[datetime, _T] | None = None

    def get(self, now: datetime) -> _T:
        """Return what was read lately; while one reads it anew, others go on with the old.

        Raises what `read` raises, and keeps what there was.
        """
        known = self._known
        is_kept = self._took >= self._worth
        if is_kept and known is not None and timedelta(0) <= now - known[0] < self._fresh:
            return known[1]
        # Who has nothing yet waits; who has what was fresh a moment ago does not.
        if not self._lock.acquire(blocking=known is None or now - known[0] > 2 * self._fresh):
            assert known is not None  # noqa: S101 - a blocking acquire does not fail
            return known[1]
        try:
            if self._known is known:
                began = time.monotonic()
                self._known = (now, self._read(now))
                self._took = time.monotonic() - began
            assert self._known is not None  # noqa: S101 - set above, or by who held the lock
            return self._known[1]
        finally:
            self._lock.release()
