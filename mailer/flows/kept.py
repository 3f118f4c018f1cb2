"""What costs too much to read for every page: read once in a while, and kept."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Kept(Generic[_T]):
    """Keeps what `read` gave for as long as it is `fresh`; any thread may ask."""

    def __init__(self, read: Callable[[datetime], _T], *, fresh: timedelta) -> None:
        self._read = read
        self._fresh = fresh
        self._lock = threading.Lock()
        self._known: tuple[datetime, _T] | None = None

    def get(self, now: datetime) -> _T:
        """Return what was read lately; while one reads it anew, others go on with the old.

        Raises what `read` raises, and keeps what there was.
        """
        known = self._known
        if known is not None and timedelta(0) <= now - known[0] < self._fresh:
            return known[1]
        # Who has nothing yet waits; who has what was fresh a moment ago does not.
        if not self._lock.acquire(blocking=known is None or now - known[0] > 2 * self._fresh):
            assert known is not None  # noqa: S101 - a blocking acquire does not fail
            return known[1]
        try:
            if self._known is known:
                self._known = (now, self._read(now))
            assert self._known is not None  # noqa: S101 - set above, or by who held the lock
            return self._known[1]
        finally:
            self._lock.release()
