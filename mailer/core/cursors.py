"""Where a new follow's first window starts."""

from datetime import datetime, timedelta

from mailer.core.readers import Cadence

FIRST_LOOK_BACK = {
    Cadence.INSTANT: timedelta(0),
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=31),
}


def first_cursor(cadence: Cadence, started_at: datetime) -> datetime:
    """Return the cursor of a new follow: one issue back, so that her first digest is not empty.

    An alert tells what happens from now on.
    """
    return started_at - FIRST_LOOK_BACK[cadence]
