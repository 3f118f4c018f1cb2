"""Operators' letters on the desk and for programs."""

import re

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.api_keys import Scope
from mailer.core.operators import Role
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.keep_keys import add_key
from mailer.store.audit import list_changes
from mailer.store.ledger_reading import list_deliveries
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import Browser, staffed

LETTER = {
    "newsletter": "asia-daily",
    "expression": "japan",
    "subject": "A word from the desk",
    "source": "Dear {{ name or 'reader' }},\n\nwe <b>move</b>.\n",
}


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An operator at work."""
    return Browser(room, Role.OPERATOR)


def test_a_letter_from_the_first_word_to_its_readers(room: Installation, browser: Browser) -> None:
    place = browser.post("/operate/letters/new", **LETTER).partition("?")[0]
    page = browser.get(place)
    found = re.search(r"<strong>(\d+) readers would get this", page)
    assert found
    assert "Send it to me first" in page
    assert f"{place}/send" not in page
    assert "was not tested as it stands" in browser.post(f"{place}/send", 422)
    frame = browser.client.get(f"{place}/mail")
    assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Dear Ada Moreau," in frame.text
    assert "we &lt;b&gt;move&lt;/b&gt;." in frame.text
    assert "The%20test%20went%20to%20operator%40news.example" in browser.post(f"{place}/test")
    assert f"{place}/send" in browser.get(place)
    browser.post(f"{place}/send")
    browser.post(f"{place}/pause")
    assert "paused" in browser.get("/operate/letters")
    browser.post(f"{place}/resume")
    backend = MemoryBackend()
    drain_ledger(room.desk, backend, clock=lambda: SEED_MORNING)
    assert len(backend.messages) == int(found[1])
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection)
        said = [entry.action for entry in list_changes(connection, actor="operator@news.example")]
    assert {row.what for row in rows} == {"letter"}
    assert f"{len(rows)} = {len(rows)} accepted" in browser.get(place)
    assert browser.get(f"/operate/deliveries/{rows[0].id}")
    assert said[:5] == [
        "letter resume",
        "letter pause",
        "letter sent",
        "letter tested",
        "letter written",
    ]
    assert "was sent" in browser.post(place, 422, **LETTER)
    assert "was sent" in browser.post(f"{place}/remove", 422)
    # The letter is no issue: it stands in no archive.
    assert "A word from the desk" not in browser.get("/n/asia-daily")


def test_a_draft_is_changed_and_thrown_away(browser: Browser) -> None:
    for wrong, told in (
        ({"expression": "japn"}, "japn"),
        ({"subject": ""}, "needs a subject"),
        ({"source": "x" * 20_001}, "at most 20,000"),
    ):
        page = browser.post("/operate/letters/new", 422, **{**LETTER, **wrong})
        assert told in page
        assert 'role="alert"' in page
    place = browser.post("/operate/letters/new", **LETTER).partition("?")[0]
    browser.post(place, **{**LETTER, "source": "{{ nothing }}"})
    assert "known are name, newsletter, site" in browser.get(place)
    assert "it is a draft" in browser.post(f"{place}/pause", 422).casefold()
    browser.post(f"{place}/remove")
    browser.get(place, 404)


def test_what_goes_to_many_asks_for_the_password_again(
    room: Installation, open_room: Opener
) -> None:
    browser = Browser(room, Role.OPERATOR)
    place = browser.post("/operate/letters/new", **LETTER).partition("?")[0]
    browser.post(f"{place}/test")
    from datetime import timedelta

    later = open_room(now=SEED_MORNING + timedelta(minutes=20))
    old = TestClient(make_app(later), base_url="https://news.example", follow_redirects=False)
    old.cookies.update(browser.client.cookies)
    answer = old.post(f"{place}/send", data={"csrf": browser.csrf})
    assert answer.status_code == 422
    assert "password again" in answer.text


def test_a_program_writes_tests_and_sends_a_letter_once(room: Installation) -> None:
    key = add_key(
        room.desk.database,
        "cms",
        frozenset({Scope.LETTERS_WRITE}),
        actor="test",
        now=SEED_MORNING,
    )
    api = TestClient(
        make_app(room),
        base_url="https://news.example/api/v1",
        headers={"Authorization": f"Bearer {key.text}"},
    )
    wanted = {
        "newsletter": "asia-daily",
        "subject": "From a program",
        "text": "Hello.",
        "expression": "china",
    }
    named = {"Idempotency-Key": "one"}
    first = api.post("/letters", json=wanted, headers=named)
    assert first.status_code == 201
    assert api.post("/letters", json=wanted, headers=named).json() == first.json()
    letter_id = first.json()["id"]
    assert first.json()["state"] == "draft"
    assert first.json()["reach"] > 0
    assert api.post(f"/letters/{letter_id}/send").status_code == 422
    stranger = api.post(f"/letters/{letter_id}/test", json={"to": "mina.park@example.org"})
    assert stranger.status_code == 404
    tested = api.post(f"/letters/{letter_id}/test", json={"to": "admin@news.example"})
    assert tested.json()["outcome"] == "accepted"
    sent = api.post(f"/letters/{letter_id}/send")
    assert (sent.status_code, sent.json()["state"]) == (201, "planning")
    again = api.post(f"/letters/{letter_id}/send")
    assert (again.status_code, again.json()["id"]) == (200, sent.json()["id"])
    shown = api.get(f"/letters/{letter_id}").json()
    assert (shown["text"], shown["run"]["id"]) == ("Hello.", sent.json()["id"])
    assert [each["id"] for each in api.get("/letters").json()["items"]] == [letter_id]
    assert api.post("/letters", json={**wanted, "expression": "("}).status_code == 422
