"""When a polled feed is looked at again."""

from datetime import timedelta
from typing import Final

EVERY: Final = timedelta(minutes=15)
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=1)


def wait_after(every: timedelta, failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row.

    Twice as long with each, at most a day: a server in trouble is left alone, and one that has
    gone is not forgotten.
    """
    doublings = 1 << min(failures, 16)
    return max(every, min(every * doublings, LONGEST))
