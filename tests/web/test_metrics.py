"""The figures for Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mailer.web.application import make_app
from tests.web.conftest import Opener


def figures(text: str) -> dict[str, float]:
    """The samples by name and label."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_database(open_room: Opener) -> None:
    with TestClient(make_app(open_room()), client=("10.0.0.7", 1)) as scraper:
        answer = scraper.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = figures(answer.text)
    assert found["mailer_readers confirmed"] == 25
    assert found["mailer_deliveries accepted"] == 0
    assert found["mailer_oldest_due_seconds"] == 0
    assert found["mailer_plain_runs"] == 0
    assert "@" not in answer.text


@pytest.mark.parametrize("address", ["2001:4860::1", "8.8.8.8"])
def test_strangers_see_no_figures(open_room: Opener, address: str) -> None:
    with TestClient(make_app(open_room()), client=(address, 1)) as stranger:
        assert stranger.get("/metrics").status_code == 404
