"""Limits: a bucket that fills up again, remembered as one instant."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailer.core.limits import Limit
from tests.builders import NOON

SECOND = timedelta(seconds=1)


@given(
    st.integers(1, 20),
    st.integers(1, 100),
    st.lists(st.integers(0, 50), min_size=1, max_size=60),
)
def test_no_stretch_of_time_holds_more_than_burst_and_refill(
    burst: int, every: int, waits: list[int]
) -> None:
    limit = Limit("x", burst, every * SECOND)
    now, full_at, used = NOON, None, []
    for wait in waits:
        now += wait * SECOND
        after = limit.use(full_at, now)
        if after is not None:
            full_at = after
            used.append(now)
    for first, start in enumerate(used):
        for last in range(first, len(used)):
            refilled = (used[last] - start) // limit.every
            assert last - first + 1 <= burst + refilled


def test_an_unknown_bucket_is_full_and_fills_up_again() -> None:
    limit, full_at = Limit("x", 3, SECOND), None
    for _ in range(3):
        full_at = limit.use(full_at, NOON)
        assert isinstance(full_at, datetime)
    assert limit.use(full_at, NOON) is None
    assert limit.use(full_at, NOON + SECOND) is not None
    assert limit.use(full_at, NOON + timedelta(days=1)) == NOON + timedelta(days=1) + SECOND
