"""Webhooks by the API and at the desk: kept, tested, their secrets shown once."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.api_keys import Scope
from mailer.core.operators import Role
from mailer.core.webhooks import CHOOSABLE
from mailer.flows.keep_webhooks import Actor, add_webhook
from mailer.store.audit import list_changes
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING
from tests.web.desk_browser import Browser, staffed
from tests.web.test_api import key_for

URL = "https://cms.example/hook"


@pytest.fixture
def api(room: Installation) -> Iterator[TestClient]:
    with TestClient(
        make_app(room),
        base_url="https://news.example/api/v1",
        raise_server_exceptions=False,
        headers=key_for(room, Scope.WEBHOOKS_WRITE, name="cms"),
    ) as opened:
        yield opened


def test_a_program_keeps_its_webhook(api: TestClient, room: Installation) -> None:
    added = api.post("/webhooks", json={"url": URL, "events": ["story.published"]})
    assert added.status_code == 201, added.text
    webhook = added.json()
    assert webhook["secret"].startswith("whsec_")
    of = f"/webhooks/{webhook['id']}"
    assert api.post("/webhooks", json={"url": URL}).status_code == 422
    listed = api.get("/webhooks").json()["items"]
    assert [one["url"] for one in listed] == [URL]
    assert "secret" not in listed[0]
    message = api.post(f"{of}/test").json()["message"]
    told = api.get("/webhook-messages", params={"webhook": webhook["id"]}).json()["items"]
    assert [(one["id"], one["event"], one["state"]) for one in told] == [
        (message, "webhook.test", "queued")
    ]
    assert api.post(f"/webhook-messages/{message}/retry").json()["state"] == "queued"
    assert api.post("/webhook-messages/99/retry").status_code == 404
    rotated = api.post(f"{of}/rotate", headers={"Idempotency-Key": "r"}).json()
    assert rotated["secret"] != webhook["secret"]
    again = api.post(f"{of}/rotate", headers={"Idempotency-Key": "r"}).json()
    assert again["secret"] != rotated["secret"]
    assert api.post(f"{of}/enable").json()["state"] == "works"
    assert api.post(f"{of}/retry").json() == {"queued": 0}
    assert api.delete(of).status_code == 200
    assert api.delete(of).status_code == 404
    with room.desk.database.read() as connection:
        entries = [one for one in list_changes(connection) if one.action.startswith("webhook")]
    assert {entry.actor.split(" ")[0] for entry in entries} == {"key"}
    assert entries[-1].action == "webhook added"
    assert "whsec" not in str(entries)


@pytest.mark.parametrize(
    "wanted",
    [
        {"url": "ftp://x.example"},
        {"url": URL, "events": ["story.gone"]},
        {"url": URL, "odd": 1},
        {"url": "x" * 3000},
        {},
    ],
)
def test_what_is_no_webhook_is_a_problem(api: TestClient, wanted: dict[str, object]) -> None:
    answer = api.post("/webhooks", json=wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_admin_keeps_webhooks_at_the_desk(room: Installation) -> None:
    browser = Browser(staffed(room), Role.ADMIN)
    assert "Nobody is told yet" in browser.get("/operate/webhooks")
    # A receiver that cannot be: .invalid has no address (RFC 6761).
    url = "https://cms.invalid/<hook>"
    page = browser.post("/operate/webhooks", 422, url="cms", event="story.published")
    assert "is no address to post to" in page
    page = browser.post("/operate/webhooks", 200, url=url, event="story.published")
    secret = re.search(r"whsec_[\w+/=]+", page)
    assert secret
    page = browser.get("/operate/webhooks")
    assert "whsec_" not in page
    assert "https://cms.invalid/&lt;hook&gt;" in page
    where = browser.post("/operate/webhooks/1/test")
    assert "not%20taken" in where
    page = browser.get("/operate/webhooks")
    assert "failing since" in page
    assert "webhook.test" in page
    assert "whsec_" in browser.post("/operate/webhooks/1/rotate", 200)
    browser.post("/operate/webhooks/1/enable")
    assert "failing since" not in browser.get("/operate/webhooks")
    browser.post("/operate/webhooks/1/remove")
    assert "Nobody is told yet" in browser.get("/operate/webhooks")


def test_who_is_no_admin_looks_at_most(room: Installation) -> None:
    add_webhook(
        room.desk.database,
        URL,
        CHOOSABLE,
        https_only=True,
        actor=Actor("test"),
        now=SEED_MORNING,
    )
    browser = Browser(staffed(room), Role.OPERATOR)
    page = browser.get("/operate/webhooks")
    assert URL in page
    assert "/operate/webhooks/1/test" not in page
    browser.post("/operate/webhooks/1/remove", 403)
    Browser(room, Role.VIEWER).get("/operate/webhooks", 403)
