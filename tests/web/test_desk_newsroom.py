"""The desk's pages of tags, feeds and newsletters."""

import functools
import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import pytest

from mailer.bootstrap import Installation
from mailer.core.deliveries import DeliveryState
from mailer.core.operators import Role
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.flows import poll_feeds
from mailer.flows.deliver_run import deliver_run
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.ingest.fetch import fetch
from mailer.store.audit import list_changes
from mailer.store.feeds import list_feeds
from mailer.store.ledger_reading import list_deliveries
from mailer.store.newsletters import find_newsletter
from mailer.store.tags import read_vocabulary
from tests.ingest.web_servers import http_server, send
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import Browser, staffed
from tests.web.readers import MINA, follow_names
from tests.web.snapshots import changed, everything


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An admin at work."""
    return Browser(room, Role.ADMIN)


def actions(room: Installation) -> list[str]:
    with room.desk.database.read() as connection:
        return [entry.action for entry in list_changes(connection, actor="admin@news.example")]


def test_a_tag_is_renamed_after_a_look_at_its_follows(room: Installation, browser: Browser) -> None:
    tree = browser.get("/operate/tags")
    assert tree.index(">Asia</a>") < tree.index(">East Asia</a>") < tree.index(">China</a>")
    before = everything(room)
    fields = {"slug": "china", "kind": "rename", "target": "Zhongguo"}
    looked = browser.post("/operate/tag", 200, **fields)
    found = re.search(r"<strong>(\d+) follows change", looked)
    assert found
    assert int(found[1]) >= 3
    assert re.search(r"→ <code>[^<]*zhongguo", looked)
    assert changed(room, before) <= {"operator_sessions"}
    went = browser.post("/operate/tag", **fields, really="yes")
    assert went.startswith("/operate/tag?slug=zhongguo&done=Done")
    assert any("zhongguo" in named for _, named, _ in follow_names(room))
    assert actions(room)[0] == "tag rename"
    assert "Cina, china" in browser.get("/operate/tag?slug=zhongguo")
    browser.get("/operate/tag?slug=china", 404)


def test_tags_are_added_named_moved_and_merged(room: Installation, browser: Browser) -> None:
    browser.post("/operate/tags", label="Harbours", kind="topic", parent="economy", aliases="ports")
    taken = browser.post("/operate/tags", 422, label="Ports", kind="topic")
    assert "is taken by" in taken
    assert 'value="Ports"' in taken
    for kind, target in (("alias", "Docks"), ("parent", ""), ("merge", "trade")):
        fields = {"slug": "harbours", "kind": kind, "target": target}
        assert "Nothing is done yet" in browser.post("/operate/tag", 200, **fields)
        browser.post("/operate/tag", **fields, really="yes")
    with room.desk.database.read() as connection:
        vocabulary = read_vocabulary(connection)
    for name in ("harbours", "ports", "docks"):
        found = vocabulary.resolve(name)
        assert found is not None
        assert found.slug == "trade"
    circle = {"slug": "asia", "kind": "parent", "target": "china", "really": "yes"}
    assert "stand in a circle" in browser.post("/operate/tag", 422, **circle)
    for odd in ({"kind": "burn"}, {"kind": "rename", "target": ""}):
        assert (
            browser.client.post(
                "/operate/tag", data={"csrf": browser.csrf, "slug": "asia", **odd}
            ).status_code
            == 422
        )


def test_a_feed_is_added_looked_at_paused_and_removed(
    room: Installation, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, lines = [200], [b'{"uid": "u1", "title": "Harbour opens", "tags": ["japan"]}']
    served = {"Content_Type": "application/jsonl"}

    def answer(request: BaseHTTPRequestHandler) -> None:
        send(request, b"\n".join(lines), status[0], **served)

    allowed = functools.partial(fetch, allow_loopback=True)
    monkeypatch.setattr(poll_feeds.FeedPoller.__init__, "__defaults__", (allowed,))
    with http_server(answer) as url:
        went = browser.post("/operate/feeds", url=url, tags="wire, sea", every="1h")
        assert "1%20stories%20are%20new" in went
        assert "is polled already" in browser.post("/operate/feeds", 422, url=url)
        assert "every minute at most" in browser.post(
            "/operate/feeds", 422, url=f"{url}/2", every="3d"
        )
        with room.desk.database.read() as connection:
            [feed] = list_feeds(connection)
        path = f"/operate/feeds/{feed.id}"
        lines.append(b'{"uid": "u2", "title": "Harbour closes"}')
        assert "1%20stories%20are%20new" in browser.post(f"{path}/poll")
        browser.post(f"{path}/pause")
        browser.post(f"{path}/pause")
        page = browser.get("/operate/feeds")
        assert ">paused</span>" in page
        assert 'class="number">2</td>' in page
        assert "puts wire, sea on every story" in page
        due = list(poll_feeds.FeedPoller(room.desk.database, room.clock).poll_due())
        assert due == []
        status[0] = 503
        assert "could%20not%20be%20read" in browser.post(f"{path}/poll")
        browser.post(f"{path}/resume")
        shown = browser.get("/operate/feeds")
        assert " · 1 failed in a row" in shown
        assert ">paused</span>" not in shown
        browser.post(f"{path}/remove")
        browser.post(f"{path}/remove", 404)
    said = [action for action in actions(room) if action.startswith("feed")]
    assert said == ["feed removed", "feed resumed", "feed paused", "feed added"]


def test_a_feed_inside_our_network_is_refused(room: Installation, browser: Browser) -> None:
    refused = browser.post("/operate/feeds", 422, url="http://127.0.0.1:1/feed.xml")
    assert 'role="alert"' in refused
    with room.desk.database.read() as connection:
        assert list_feeds(connection) == []


NEW = {
    "slug": "harbour",
    "name": "Harbour Letter",
    "sender_address": "harbour@news.example",
    "cadences": "weekly",
    "base_expression": "transport",
    "locales": "en, it",
}


def test_a_newsletter_is_added_edited_and_seen(room: Installation, browser: Browser) -> None:
    for wrong, word in (
        ({"slug": "Harbour!"}, "is no slug"),
        ({"slug": "asia-daily"}, "exists already"),
        ({"base_expression": "trnsport"}, "trnsport"),
        ({"template": "alert"}, "no template of a digest"),
        ({"cadences": "hourly"}, "nknown cadence"),
        ({"sender_address": "nobody"}, "nobody"),
        ({"timezone": "Moon/Base"}, "Moon/Base"),
    ):
        page = browser.post("/operate/newsletters/new", 422, **{**NEW, **wrong})
        assert word in page
        assert 'value="Harbour Letter"' in page
    browser.post("/operate/newsletters/new", **NEW)
    edited = {**NEW, "name": "Harbour Post", "timezone": "Asia/Seoul"}
    browser.post("/operate/newsletter", **edited)
    with room.desk.database.read() as connection:
        kept = find_newsletter(connection, "harbour")
    assert (kept.name, kept.timezone, kept.sender_name) == ("Harbour Post", "Asia/Seoul", "")
    assert kept.locales == ("en", "it")
    assert actions(room)[:2] == ["newsletter changed", "newsletter added"]
    listed = browser.get("/operate/newsletters")
    assert "/n/harbour" in listed
    seen = browser.get("/operate/newsletter/preview?slug=harbour")
    assert "nobody follows it yet" in seen
    assert "Harbour Post" in browser.get("/operate/newsletter/mail?slug=harbour")
    browser.get("/operate/newsletter?slug=nowhere", 404)


def test_a_preview_is_the_readers_mail_with_links_of_nobody(
    room: Installation, browser: Browser
) -> None:
    query = {"slug": "asia-daily", "reader": MINA, "cadence": "daily"}
    page = browser.client.get("/operate/newsletter/preview", params=query)
    assert page.status_code == 200
    frame = browser.client.get("/operate/newsletter/mail", params=query)
    assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    before = everything(room)
    stranger = browser.client.get(
        "/operate/newsletter/preview", params={**query, "reader": "no@reader.example"}
    )
    assert stranger.status_code == 422
    assert "here is no reader" in stranger.text
    assert changed(room, before) <= {"operator_sessions"}


def test_a_story_is_edited_and_two_editors_do_not_overwrite_each_other(
    room: Installation, browser: Browser
) -> None:
    browser.post("/operate/stories/new", uid="ferry", title="Ferry", kicker="China", really="yes")
    page = browser.get("/operate/story/edit?uid=ferry")
    assert "No mail holds it yet" in page
    assert 'name="revision" value="1"' in page
    fields = {"uid": "ferry", "revision": "1", "title": "Ferry <sails>", "url": ""}
    went = browser.post(
        "/operate/story/edit", **fields, embargo_until="2026-10-23T07:00+09:00", urgent="yes"
    )
    assert went.startswith("/operate/story?uid=ferry&done=Changed")
    shown = browser.get("/operate/story?uid=ferry")
    for words in ("Ferry &lt;sails&gt;", "Embargo until", "2026-10-22 22:00", "Urgent"):
        assert words in shown
    assert actions(room)[0] == "story edited"
    before = everything(room)
    late = browser.post("/operate/story/edit", 422, **fields | {"title": "Mine"})
    assert "Somebody changed the story meanwhile" in late
    assert 'value="Mine"' in late
    wrong = {"uid": "ferry", "title": "Ferry", "embargo_until": "soon"}
    assert "embargo_until" in browser.post("/operate/story/edit", 422, **wrong)
    assert changed(room, before) <= {"operator_sessions"}
    again = browser.post("/operate/story/edit", uid="ferry", title="Ferry", embargo_until="")
    assert "embargo" in again
    assert "urgent" in again
    browser.get("/operate/story/edit?uid=nothing", 404)


def test_an_edit_says_how_many_have_the_older_version(room: Installation, browser: Browser) -> None:
    run_id = open_run(
        room.desk.database, "asia-daily", Cadence.DAILY, as_of=SEED_MORNING, now=SEED_MORNING
    ).run_id
    plan_run(room.desk, run_id, now=SEED_MORNING)
    deliver_run(room.desk, MemoryBackend(), clock=room.clock)
    with room.desk.database.read() as connection:
        rows = list_deliveries(connection, state=DeliveryState.ACCEPTED)
    uid = rows[0].items[0].uid
    count = len({row.email for row in rows if any(item.uid == uid for item in row.items)})
    assert count > 1
    page = browser.get(f"/operate/story/edit?uid={uid}")
    assert f"{count} readers were mailed this version" in page
    assert 'name="embargo_until"' not in page
    went = browser.post("/operate/story/edit", uid=uid, title="Other words")
    assert f"{count} readers have an older version" in unquote(went)
    late = {"uid": uid, "title": "Other words", "embargo_until": "2099-01-01"}
    assert "Mails hold the story already" in browser.post("/operate/story/edit", 422, **late)
