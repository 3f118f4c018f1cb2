"""Each parser on documents that were whole once: a short form, and a long one for `make soak`."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.properties import PROPERTIES, check_in_time


def run(name: str, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(PROPERTIES[name].given)
    def check(drawn: Any) -> None:
        check_in_time(name, drawn)

    check()


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_damaged_document_is_read_cleanly_or_refused_in_our_words(name: str) -> None:
    run(name, 100)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", PROPERTIES)
def test_so_it_is_for_very_many(name: str) -> None:
    run(name, 20_000)
