"""How much mail a choice would have brought."""

from datetime import datetime, timedelta

import pytest

from mailer.core.outlooks import mails_a_week
from mailer.core.readers import Cadence
from tests.builders import NOON

DAYS = [NOON + timedelta(days=day) for day in range(14)]


@pytest.mark.parametrize(
    ("cadence", "hours", "slots", "wanted"),
    [
        pytest.param(Cadence.DAILY, [], DAYS, 0, id="no story, no mail"),
        pytest.param(Cadence.DAILY, [-1, -2, -3], DAYS, 0.5, id="one issue takes all before it"),
        pytest.param(Cadence.DAILY, range(-1, 14 * 24 - 1, 24), DAYS, 7, id="a story each day"),
        pytest.param(Cadence.DAILY, range(0, 15 * 24, 24), DAYS, 7, id="never more than issues"),
        pytest.param(Cadence.DAILY, [15 * 24], DAYS, 0.5, id="after the last comes the next"),
        pytest.param(Cadence.WEEKLY, range(14 * 24), DAYS[::7], 1, id="two issues in two weeks"),
        pytest.param(Cadence.WEEKLY, [1], [], 0.5, id="no issue yet"),
        pytest.param(Cadence.MONTHLY, range(300), [], 12 / 52, id="monthly is monthly"),
        pytest.param(Cadence.INSTANT, [0, 0.005, 1, 2], [], 1.5, id="a burst is one alert"),
    ],
)
def test_mails_are_counted_by_the_issues_there_were(
    cadence: Cadence, hours: list[float], slots: list[datetime], wanted: float
) -> None:
    moments = [NOON + timedelta(hours=hour) for hour in hours]
    assert mails_a_week(cadence, moments, slots) == pytest.approx(wanted)
