"""The figures for Prometheus."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mailer.core.webhooks import EventKind
from mailer.flows.keep_webhooks import Actor, add_webhook, queue_webhook_test
from mailer.store.webhooks import disable_webhook
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


def test_what_waits_for_a_webhook_is_seen(open_room: Opener) -> None:
    room, actor = open_room(), Actor("test")
    database, now = room.desk.database, room.clock()
    webhook = add_webhook(
        database, "https://cms.example/", list(EventKind), https_only=True, actor=actor, now=now
    )
    queue_webhook_test(database, webhook.id, actor=actor, now=now - timedelta(minutes=5))
    with TestClient(make_app(room), client=("10.0.0.7", 1)) as scraper:
        found = figures(scraper.get("/metrics").text)
        assert found["mailer_webhook_queued_messages"] == 1
        assert found["mailer_webhook_oldest_due_seconds"] == 300
        with database.write() as connection:
            disable_webhook(connection, webhook.id, "gone", now)
        found = figures(scraper.get("/metrics").text)
    # Nothing is late for an address that is told nothing.
    assert found["mailer_webhook_oldest_due_seconds"] == 0
    assert found["mailer_webhook_queued_messages"] == 1


@pytest.mark.parametrize("address", ["2001:4860::1", "8.8.8.8"])
def test_strangers_see_no_figures(open_room: Opener, address: str) -> None:
    with TestClient(make_app(open_room()), client=(address, 1)) as stranger:
        assert stranger.get("/metrics").status_code == 404
