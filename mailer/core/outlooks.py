"""How much mail a choice would have brought: past stories in the slots they would have had."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from mailer.core.readers import Cadence

LOOK_BACK = timedelta(days=14)
_WEEKS = LOOK_BACK / timedelta(days=7)
# In two weeks there may be no monthly issue at all.
_MONTHS_A_WEEK = 12 / 52
# A burst of stories is one alert.
_BURST = timedelta(seconds=30)


def mails_a_week(
    cadence: Cadence, eligible_at: Collection[datetime], slots_at: Sequence[datetime]
) -> float:
    """Return how many mails a week these stories of the last 14 days make at a cadence.

    `slots_at` are the moments of its issues in those days, in order. A story comes with the first
    issue after it; those after the last one come with the next, which is counted, too.
    """
    if not eligible_at:
        return 0.0
    if cadence is Cadence.MONTHLY:
        return _MONTHS_A_WEEK
    if cadence is Cadence.INSTANT:
        return _bursts(sorted(eligible_at)) / _WEEKS
    issues = {bisect_left(slots_at, moment) for moment in eligible_at}
    # The last slot is now or ahead: a daily reader of fourteen days gets fourteen mails, not 15.
    return min(len(issues), max(len(slots_at), 1)) / _WEEKS


def _bursts(moments: Sequence[datetime]) -> int:
    count, start = 0, None
    for moment in moments:
        if start is None or moment - start > _BURST:
            count, start = count + 1, moment
    return count
