"""Moments as people write them, and those that no clock of ours reaches."""

from datetime import UTC, datetime

import pytest

from mailer.core.moments import read_moment
from mailer.errors import InputError
from tests.builders import NOON


def test_a_moment_keeps_its_offset_and_means_utc_without_one() -> None:
    assert read_moment("", NOON) is NOON
    assert read_moment(" 2026-10-22T07:00 ", NOON) == datetime(2026, 10, 22, 7, tzinfo=UTC)
    assert read_moment("2026-10-22T07:00+09:00", NOON) == datetime(2026, 10, 21, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["soon", "0001-01-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_moment_or_too_far_off_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_moment(text, NOON)
