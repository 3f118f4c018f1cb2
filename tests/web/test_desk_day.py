"""An operator's day on the desk's pages."""

import re
from datetime import timedelta

import pytest

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.keep_imports import work_imports
from mailer.store.audit import list_changes
from mailer.store.ledger_reading import list_deliveries
from mailer.store.readers import list_readers
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import Browser, staffed


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An admin at work."""
    return Browser(room, Role.ADMIN)


def newsletter_of(browser: Browser) -> str:
    found = re.search(r'<option value="([^"]+)"', browser.get("/operate/runs"))
    assert found
    return found[1]


def send(room: Installation) -> None:
    drain_ledger(room.desk, MemoryBackend(), clock=lambda: SEED_MORNING + timedelta(minutes=1))


def test_an_operators_day(room: Installation, browser: Browser) -> None:
    slug = newsletter_of(browser)
    dry = browser.get(f"/operate/runs/dry?newsletter={slug}&cadence=daily")
    assert "plan hash" in dry
    assert "reason: You follow" in dry
    run = browser.post("/operate/runs", newsletter=slug, cadence="daily").partition("?")[0]
    assert "Run 1 of" not in browser.get("/operate")
    browser.post(f"{run}/pause")
    assert "paused" in browser.get(run)
    browser.post(f"{run}/resume")
    send(room)
    shown = browser.get(run)
    assert "accepted" in shown
    board = browser.get("/operate")
    assert "Last runs" in board
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection)
    first = rows[0]
    page = browser.get(f"/operate/deliveries/{first.id}")
    assert first.message_id.strip("<>") in page
    held = browser.client.get(f"/operate/deliveries/{first.id}")
    assert "frame-src 'self'" in held.headers["content-security-policy"]
    drawn = browser.client.get(f"/operate/deliveries/{first.id}/mail")
    assert drawn.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert drawn.headers["x-frame-options"] == "SAMEORIGIN"
    source = browser.client.get(f"/operate/deliveries/{first.id}/source").content
    assert first.message_id.encode() in source
    uid = first.items[0].uid
    why = browser.client.get("/operate/why", params={"reader": first.email, "story": uid})
    assert "sent" in why.text
    for query, wanted in (
        ({"reader": first.email}, True),
        ({"story": uid}, True),
        ({"domain": first.email.rpartition("@")[2]}, True),
        ({"state": "refused"}, False),
        ({"reader": "%"}, False),
    ):
        found = browser.client.get("/operate/deliveries", params=query).text
        assert (f'/operate/deliveries/{first.id}"' in found) is wanted, query


def test_stories_are_published_corrected_and_retracted(
    room: Installation, browser: Browser
) -> None:
    fields = {
        "title": "Ferry <script>alert(1)</script> resumes",
        "url": "https://news.example/ferry",
        "uid": "ferry",
        "kicker": "South Korea",
        "summary": "It sails.",
    }
    asked = browser.post("/operate/stories/new", 200, **fields, really="no")
    assert "readers follow this" in asked
    assert "<script>alert" not in asked
    assert browser.post("/operate/stories/new", 303, **fields, really="yes").startswith(
        "/operate/story?uid=ferry"
    )
    assert "Ferry" in browser.get("/operate/stories?words=ferry")
    bad = browser.post("/operate/stories/new", 422, title="x", url="javascript:x", really="yes")
    assert 'role="alert"' in bad
    browser.post(
        "/operate/story", uid="ferry", kind="correction", note="It was late", title="Ferry is late"
    )
    assert "Ferry is late" in browser.get("/operate/story?uid=ferry")
    browser.post("/operate/story", uid="ferry", kind="retraction", note="It never sailed")
    assert "retracted" in browser.get("/operate/story?uid=ferry")


def test_readers_are_imported_after_a_look_suppressed_and_freed(
    room: Installation, browser: Browser
) -> None:
    lines = "email,name\nnew.one@reader.example,New\nno address,X\n"
    path = browser.post("/operate/readers/import", lines=lines, consent="Ticked a box")
    looked = browser.get(path)
    assert "would be new" in looked
    assert "not a mail address" in looked
    assert "new.one@reader" not in browser.get("/operate/readers?words=new.one@")
    assert "needs the words" in browser.post("/operate/readers/import", 422, lines=lines)
    browser.post(f"{path}/start")
    work_imports(room.desk.database, room.desk.signer, clock=room.clock)
    with room.desk.database.read() as connection:
        reader = next(r for r in list_readers(connection) if r.email.startswith("new.one"))
    assert "new.one@reader.example" in browser.get(f"/operate/readers/{reader.id}")
    browser.post(f"/operate/readers/{reader.id}/suppress", reason="wrote to us")
    assert "wrote to us" in browser.get("/operate/bounces")
    browser.post("/operate/suppressions/lift", email=reader.email)
    assert "lifted" in browser.get(f"/operate/readers/{reader.id}")


def test_a_schedule_shows_its_dates_before_it_is_added(browser: Browser) -> None:
    slug = newsletter_of(browser)
    query = f"newsletter={slug}&cadence=daily&at=02:30&timezone=Europe/Berlin&days=sun"
    shown = browser.get(f"/operate/schedules?{query}")
    assert "it runs at the first" in shown
    assert 'name="csrf"' not in shown.partition('method="get"')[2]
    wrong = browser.get(f"/operate/schedules?newsletter={slug}&cadence=daily&at=25:99")
    assert 'role="alert"' in wrong
    browser.post(
        "/operate/schedules", newsletter=slug, cadence="daily", at="02:30", timezone="Europe/Berlin"
    )
    page = browser.get("/operate/schedules")
    found = re.findall(r"/operate/schedules/(\d+)/pause", page)
    browser.post(f"/operate/schedules/{found[-1]}/pause")
    browser.post(f"/operate/schedules/{found[-1]}/resume")
    browser.post(f"/operate/schedules/{found[-1]}/remove")
    assert f"/operate/schedules/{found[-1]}/pause" not in browser.get("/operate/schedules")


def test_every_change_stands_in_the_audit_log(room: Installation, browser: Browser) -> None:
    slug = newsletter_of(browser)
    browser.post("/operate/runs", newsletter=slug, cadence="daily")
    with room.desk.database.read() as connection:
        mine = list_changes(connection, actor="admin@news.example")
    assert [entry.action for entry in mine][:2] == ["run opened", "signed in"]
    assert "run opened" in browser.get("/operate/audit?by=admin@news.example")
    browser.get("/operate/audit?before=1")


@pytest.mark.parametrize("path", ["audit", "runs", "readers", "deliveries", "stories", "bounces"])
@pytest.mark.parametrize("before", ["9" * 30, "9" * 18, "-1", "²", "x"])
def test_a_page_from_nowhere_is_a_page(browser: Browser, path: str, before: str) -> None:
    found = browser.client.get(f"/operate/{path}", params={"before": before})
    assert found.status_code == 200
