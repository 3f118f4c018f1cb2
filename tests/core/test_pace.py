"""How large windows become."""

from datetime import timedelta

import pytest

from mailer.core.pace import USUAL_SIZE, Pace

QUICK, USUAL, SLOW = (timedelta(milliseconds=each) for each in (20, 200, 400))


def test_windows_grow_to_the_most_while_mails_leave_quickly() -> None:
    pace = Pace(most=50)
    sizes = []
    for _ in range(4):
        sizes.append(pace.size)
        pace.went(pace.size, QUICK)
    assert sizes == [16, 32, 50, 50]


def test_a_slow_server_brings_them_back_and_no_further() -> None:
    pace = Pace(most=64)
    for _ in range(2):
        pace.went(pace.size, QUICK)
    pace.went(pace.size, USUAL)
    assert pace.size == 64
    sizes = []
    for _ in range(3):
        pace.went(pace.size, SLOW)
        sizes.append(pace.size)
    assert sizes == [32, USUAL_SIZE, USUAL_SIZE]


def test_a_window_that_was_not_full_says_nothing_of_larger_ones() -> None:
    pace = Pace(most=64)
    pace.went(3, QUICK)
    assert pace.size == USUAL_SIZE


@pytest.mark.parametrize("took", [QUICK, USUAL, SLOW])
def test_the_most_may_be_less_than_usual(took: timedelta) -> None:
    pace = Pace(most=5)
    for _ in range(3):
        pace.went(pace.size, took)
    assert pace.size == 5
