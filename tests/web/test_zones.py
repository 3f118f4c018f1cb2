"""The menu of timezones."""

import re

import pytest

from mailer.core.locales import timezones
from mailer.web.reader.zones import zone_options


def test_all_zones_are_offered_and_hers_is_selected() -> None:
    options = zone_options("Asia/Seoul")
    assert re.findall(r"<option(?: selected)?>([^<]*)</option>", options) == list(timezones())
    assert re.findall(r"<option selected>([^<]*)", options) == ["Asia/Seoul"]


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "US/Pacific"])
def test_an_old_spelling_is_kept_when_she_saves_something_else(zone: str) -> None:
    assert re.findall(r"<option selected>([^<]*)", zone_options(zone)) == [zone]


def test_a_zone_is_only_text() -> None:
    assert "<b>" not in zone_options("<b>")
