"""The API as programs use it: keys, scopes, idempotency, pages, problems; a story is mailed."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.api_keys import Scope
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.keep_keys import add_key, revoke_key
from mailer.flows.open_due_runs import open_due_runs
from mailer.store.audit import list_changes
from mailer.store.newsletters import list_newsletters
from mailer.store.preferences import follows_of, start_follow
from mailer.store.readers import find_reader
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING

STORY = {
    "uid": "cms-1",
    "title": "Ferry to Dokdo resumes",
    "url": "https://news.example/ferry",
    "summary": "The first crossing in two years.",
    "kicker": ["South Korea"],
    "tags": ["transport"],
}


def key_for(room: Installation, *scopes: Scope, name: str = "cms") -> dict[str, str]:
    """The header of a new key."""
    added = add_key(room.desk.database, name, frozenset(scopes), actor="test", now=SEED_MORNING)
    return {"Authorization": f"Bearer {added.text}"}


@pytest.fixture
def api(room: Installation) -> Iterator[TestClient]:
    """A program with a key for everything."""
    with TestClient(
        make_app(room),
        base_url="https://news.example/api/v1",
        raise_server_exceptions=False,
        headers=key_for(room, *Scope, name="all"),
    ) as opened:
        yield opened


def slug_of(room: Installation) -> str:
    with room.desk.database.read() as connection:
        return list_newsletters(connection)[0].slug


def routes(room: Installation) -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, methods in make_app(room).openapi()["paths"].items()
        for method in methods
    ]


def test_every_route_wants_a_key_and_its_scope(room: Installation, client: TestClient) -> None:
    found = routes(room)
    assert len(found) >= 15
    poor = key_for(room, Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE, name="poor")
    other = key_for(room, *(scope for scope in Scope if "webhook" not in scope), name="other")
    gone = key_for(room, *Scope, name="gone")
    revoke_key(room.desk.database, "gone", actor="test", now=SEED_MORNING)
    for method, template in found:
        path = template.replace("{run_id}", "1").replace("{delivery_id}", "1")
        path = path.replace("{action}", "pause").replace("{email}", "a@b.example")
        path = re.sub(r"{(webhook|message)_id}", "1", path).replace("{step}", "test")
        path = path.replace("{newsletter}", "x").replace("{uid}", "x")
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Bearer nm_" + "A" * 43}, 401),
            ({"Authorization": "Basic eDp4"}, 401),
            (gone, 401),
            (other if "/webhook" in path else poor, 403),
        ):
            answer = client.request(method, path, headers=headers, json={})
            # A body that is no story is told only to whoever may post one.
            assert answer.status_code == status, (method, path, headers, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_cms_posts_a_story_and_sees_it_mailed(room: Installation, api: TestClient) -> None:
    posted = api.post(
        "/subscriptions",
        json={
            "email": "desk@reader.example",
            "newsletter": slug_of(room),
            "expression": "south-korea",
            "cadence": "instant",
            "confirmed": True,
            "consent": "Ticked the box on paper",
        },
    )
    assert posted.status_code == 201, posted.text
    assert posted.json()["canonical"] == "south-korea"
    story = api.post("/stories", json=STORY)
    assert story.status_code == 201, story.text
    assert story.json()["story"]["tags"] == ["south-korea", "transport"]
    backend = MemoryBackend()
    # An alert gathers what comes within some minutes.
    later = SEED_MORNING + timedelta(minutes=15)
    open_due_runs(room.desk.database, now=later)
    drain_ledger(room.desk, backend, clock=lambda: later)
    mails = api.get("/deliveries", params={"reader": "desk@reader.example"}).json()["items"]
    assert [(m["state"], [i["uid"] for i in m["items"]]) for m in mails] == [
        ("accepted", ["cms-1"])
    ]
    shown = api.get(f"/deliveries/{mails[0]['id']}").json()
    assert shown["events"][-1]["event"] == "accepted"
    run = api.get(f"/runs/{mails[0]['run']}").json()
    assert run["planned"] == sum(run["counts"].values())


def test_the_same_story_again_is_no_change_and_another_text_a_revision(api: TestClient) -> None:
    assert api.post("/stories", json=STORY).json()["done"] == "new"
    published = api.get("/stories/cms-1").json()["published_at"]
    again = api.post("/stories", json={**STORY, "published_at": published})
    assert (again.status_code, again.json()["done"]) == (200, "unchanged")
    changed = api.post("/stories", json={**STORY, "title": "Ferry resumes"}).json()
    assert (changed["done"], changed["story"]["revision"]) == ("updated", 2)


def test_a_named_request_is_done_once(api: TestClient, room: Installation) -> None:
    named = {"Idempotency-Key": "order-66"}
    first = api.post("/stories", json=STORY, headers=named)
    again = api.post("/stories", json=STORY, headers=named)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = api.post("/stories", json={**STORY, "title": "Other"}, headers=named)
    assert other.status_code == 422
    assert "was used for another request" in other.json()["detail"]
    # Another program may use the same name.
    mine = {**named, **key_for(room, Scope.STORIES_WRITE, name="b")}
    assert api.post("/stories", json={**STORY, "uid": "b"}, headers=mine).status_code == 201


def test_what_was_refused_may_be_asked_again_mended(api: TestClient) -> None:
    named = {"Idempotency-Key": "one"}
    bad = api.post("/stories", json={**STORY, "url": "javascript:x"}, headers=named)
    assert bad.status_code == 422
    assert bad.json()["title"] == "Unprocessable Content" or bad.json()["title"]
    assert api.post("/stories", json=STORY, headers=named).status_code == 201


def test_pages_follow_each_other_without_a_gap(api: TestClient) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(100):
        page = api.get("/stories", params={"limit": 7, "cursor": cursor}).json()
        seen += [story["uid"] for story in page["items"]]
        cursor = page["next"] or ""
        if not cursor:
            break
    whole = api.get("/stories", params={"limit": 200}).json()
    assert whole["next"] is None
    assert seen == [story["uid"] for story in whole["items"]]
    assert len(seen) == len(set(seen)) > 14
    for odd in ("x", "!!", "LTE", "MA", "9" * 40, "é"):
        assert api.get("/stories", params={"cursor": odd}).status_code == 422


def test_stories_are_found_by_words_and_tag(api: TestClient) -> None:
    api.post("/stories", json=STORY)
    assert [s["uid"] for s in api.get("/stories", params={"words": "dokdo"}).json()["items"]] == [
        "cms-1"
    ]
    assert api.get("/stories", params={"words": "%"}).json()["items"] == []
    tagged = api.get("/stories", params={"tag": "transport"}).json()["items"]
    assert "cms-1" in [s["uid"] for s in tagged]
    tags = {tag["slug"]: tag for tag in api.get("/tags").json()["items"]}
    assert tags["transport"]["stories"] >= 1


def test_a_reader_who_has_not_confirmed_is_asked_by_mail(
    api: TestClient, room: Installation
) -> None:
    wanted = {"email": "new@reader.example", "newsletter": slug_of(room), "cadence": "daily"}
    assert api.post("/subscriptions", json=wanted).json() == {
        "state": "asked",
        "email": "new@reader.example",
    }
    assert api.get("/subscriptions/new@reader.example").status_code == 404
    confirmed = {**wanted, "confirmed": True}
    assert "needs `consent`" in api.post("/subscriptions", json=confirmed).json()["detail"]
    assert api.post("/subscriptions", json={**confirmed, "consent": "yes"}).status_code == 201
    shown = api.get("/subscriptions/new@reader.example").json()
    assert [f["canonical"] for f in shown["follows"]] == ["*"]
    ended = api.delete(f"/subscriptions/new@reader.example/{wanted['newsletter']}").json()
    assert ended["ended"] == 1
    again = api.delete(f"/subscriptions/new@reader.example/{wanted['newsletter']}").json()
    assert again["ended"] == 0


def test_a_follow_whose_tag_is_gone_ends_with_its_subscription(
    api: TestClient, room: Installation
) -> None:
    slug = slug_of(room)
    with room.desk.database.write() as connection:
        mina = find_reader(connection, read_address("mina.park@example.org"))
        subscription_id = follows_of(connection, mina.id)[0].subscription_id
        start_follow(
            connection,
            subscription_id,
            expression="atlantis",
            canonical="atlantis",
            cadence=Cadence.DAILY,
            now=SEED_MORNING,
            cursor_at=SEED_MORNING,
            source="test",
        )
    assert api.delete(f"/subscriptions/{mina.email}/{slug}").status_code == 200
    with room.desk.database.read() as connection:
        left = [f.newsletter for f in follows_of(connection, mina.id) if f.ended_at is None]
    assert slug not in left


def test_a_run_is_opened_once_for_a_moment_and_steered(api: TestClient, room: Installation) -> None:
    wanted = {"newsletter": slug_of(room), "cadence": "daily"}
    opened = api.post("/runs", json=wanted)
    assert opened.status_code == 201
    assert api.post("/runs", json=wanted).status_code == 200
    run_id = opened.json()["id"]
    assert api.post(f"/runs/{run_id}/pause").json()["state"] == "paused"
    assert api.post(f"/runs/{run_id}/resume").json()["state"] in ("planning", "sending")
    assert api.post(f"/runs/{run_id}/cancel").json()["state"] == "cancelled"
    assert "cancelled" in api.post(f"/runs/{run_id}/resume").json()["detail"]
    assert api.post(f"/runs/{run_id}/explode").status_code == 422
    assert api.get("/runs/999").status_code == 404
    future = {**wanted, "as_of": "2036-01-01T00:00:00Z"}
    assert "in the future" in api.post("/runs", json=future).json()["detail"]
    assert [run["id"] for run in api.get("/runs").json()["items"]] == [run_id]


def test_an_address_is_suppressed_listed_and_freed(api: TestClient) -> None:
    wanted = {"email": "No.More@reader.example", "reason": "wrote to us"}
    assert api.post("/suppressions", json=wanted).status_code == 201
    assert api.post("/suppressions", json=wanted).status_code == 200
    listed = api.get("/suppressions").json()["items"]
    assert [(s["email"], s["reason"]) for s in listed] == [
        ("no.more@reader.example", "wrote to us")
    ]
    assert api.delete("/suppressions/no.more@reader.example").json()["lifted"] is True
    assert api.delete("/suppressions/no.more@reader.example").json()["lifted"] is False
    assert api.get("/suppressions").json()["items"] == []


def test_every_change_stands_in_the_audit_log(api: TestClient, room: Installation) -> None:
    api.post("/stories", json=STORY)
    api.post("/suppressions", json={"email": "x@reader.example"})
    api.post("/runs", json={"newsletter": slug_of(room), "cadence": "daily"})
    with room.desk.database.read() as connection:
        entries = list_changes(connection, actor="key all")
    assert [entry.action for entry in reversed(entries)] == [
        "story new",
        "address suppressed",
        "run opened",
    ]
    assert all(entry.address for entry in entries)
