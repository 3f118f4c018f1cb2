"""The public pages: stories, the archive and its feed, mails in the browser."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from mailer.bootstrap import Installation, open_installation
from mailer.core.corrections import CorrectionKind
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.core.tokens import Purpose
from mailer.delivery.memory import MemoryBackend
from mailer.flows.correct_story import Amendment, correct_story
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.ingest_document import ingest_document
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import rebuild_mail
from mailer.settings import Settings
from mailer.store.ledger_reading import DeliveryRow, list_deliveries
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING
from tests.web.snapshots import changed, everything

ATOM = "{http://www.w3.org/2005/Atom}"
SLUG = "asia-daily"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def sent_sqlite(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day's issue was sent; to copy, never to open."""
    path = tmp_path_factory.mktemp("sqlite") / "sent.db"
    shutil.copyfile(seeded_sqlite, path)
    room = open_installation(_settings(path), clock=lambda: SEED_MORNING)
    run_id = open_run(
        room.desk.database, SLUG, Cadence.DAILY, as_of=SEED_MORNING, now=SEED_MORNING
    ).run_id
    plan_run(room.desk, run_id, now=SEED_MORNING)
    drain_ledger(room.desk, MemoryBackend(), clock=lambda: SEED_MORNING)
    room.close()
    return path


@pytest.fixture
def room(sent_sqlite: Path, tmp_path: Path) -> Iterator[Installation]:
    """An hour after the issue."""
    path = tmp_path / "mailer.db"
    shutil.copyfile(sent_sqlite, path)
    room = open_installation(_settings(path), clock=lambda: SEED_MORNING + HOUR)
    yield room
    room.close()


def _settings(path: Path) -> Settings:
    """20 KB a mail, so that some stories are only linked to."""
    return Settings(
        database_url=f"sqlite:///{path}",
        backend="memory",
        public_url="https://news.example",
        max_mail_kb=20,
    )


@pytest.fixture
def client(room: Installation) -> Iterator[TestClient]:
    with TestClient(
        make_app(room), base_url="https://news.example", raise_server_exceptions=False
    ) as opened:
        yield opened


def mails(room: Installation) -> list[DeliveryRow]:
    with room.desk.database.read() as connection:
        return [r for r in list_deliveries(connection) if r.state is DeliveryState.ACCEPTED]


def view_path(room: Installation, row: DeliveryRow) -> str:
    local = row.message_id.strip("<>").partition("@")[0]
    return f"/view/{room.desk.signer.sign(Purpose.VIEW, local)}"


def publish(room: Installation, **facts: object) -> None:
    draft = StoryDraft(**({"uid": "new", "title": "A new thing", "kicker": ("China",)} | facts))  # type: ignore[arg-type]
    now = SEED_MORNING
    ingest_document(room.desk.database, ParsedDocument("jsonl", (draft,)), now=now)


def retract(room: Installation, uid: str) -> None:
    amendment = Amendment(CorrectionKind.RETRACTION, "The source was forged.")
    correct_story(room.desk, uid, amendment, now=SEED_MORNING)


def pages(client: TestClient, room: Installation) -> list[str]:
    uid = mails(room)[0].items[0].uid
    run = mails(room)[0].run_id
    return [
        f"/stories/{uid}",
        f"/stories/{uid}/print",
        f"/stories/{uid}/send",
        f"/n/{SLUG}",
        f"/n/{SLUG}/{run}",
        f"/n/{SLUG}/feed.xml",
        *(view_path(room, row) for row in mails(room)),
    ]


def test_pages_are_valid_and_reading_them_changes_nothing(
    client: TestClient, room: Installation
) -> None:
    before = everything(room)
    for path in pages(client, room):
        page = client.get(path)
        assert page.status_code == 200, path
        assert client.head(path).status_code == 200
        if page.headers["content-type"].startswith("text/html") and "/view/" not in path:
            html5lib.HTMLParser(strict=True).parse(page.text)
    assert changed(room, before) == set()


def test_a_story_tells_what_it_is_about_and_what_stands_beside_it(client: TestClient) -> None:
    page = client.get("/stories/md-20261022-03").text
    assert '<a href="/?tags=japan">Japan</a> – <a href="/?tags=south-korea">South Korea</a>' in page
    assert 'href="/?tags=japan,south-korea"' in page
    beside = page[page.index('id="see-also"') :]
    assert beside.count('class="headline"') >= 5
    assert beside.count("2026") >= 5
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    assert json.loads(found[1])["@type"] == "NewsArticle"


def test_machines_are_told_safely(client: TestClient, room: Installation) -> None:
    publish(room, title='</script><script>alert("x")</script>', summary="& <b>")
    page = client.get("/stories/new").text
    html5lib.HTMLParser(strict=True).parse(page)
    assert "<script>alert" not in page
    found = re.search(r'ld\+json">(.*?)</script>', page)
    assert found
    assert json.loads(found[1])["headline"].startswith("</script>")
    ElementTree.fromstring(client.get(f"/n/{SLUG}/feed.xml").content)


@pytest.mark.parametrize("uid", ["a/b c", "https://news.example/x?y=1#z", "print", "ü"])
def test_any_uid_has_its_page(client: TestClient, room: Installation, uid: str) -> None:
    publish(room, uid=uid)
    feed = ElementTree.fromstring(client.get(f"/n/{SLUG}/feed.xml").content)
    address = feed.findtext(f"{ATOM}entry/{ATOM}id") or ""
    for path in (address, f"{address}/print", f"{address}/send"):
        assert "A new thing" in client.get(path).text


def test_what_is_not_out_yet_is_nowhere(client: TestClient, room: Installation) -> None:
    publish(room, uid="secret", title="Under embargo", embargo_until_at=SEED_MORNING + 3 * HOUR)
    for path in ("/stories/secret", "/stories/secret/print", "/stories/secret/send"):
        page = client.get(path)
        assert page.status_code == 404
        assert "Under embargo" not in page.text
    for path in pages(client, room):
        assert "Under embargo" not in client.get(path).text


def test_what_was_retracted_is_nowhere(client: TestClient, room: Installation) -> None:
    row = next(r for r in mails(room) if len(r.items) > 2 and r.items[0].shown != "linked")
    uid = row.items[0].uid
    title = re.search("<h1>(.*?)</h1>", client.get(f"/stories/{uid}").text)[1]  # type: ignore[index]
    kept = [path for path in pages(client, room) if f"/stories/{uid}" not in path]
    retract(room, uid)
    for path in (f"/stories/{uid}", f"/stories/{uid}/print", f"/stories/{uid}/send"):
        page = client.get(path)
        assert page.status_code == 410
        assert title not in page.text
    assert "The source was forged." in client.get(f"/stories/{uid}").text
    for path in kept:
        assert title not in client.get(path).text
    assert "1 story of this mail was retracted" in client.get(view_path(room, row)).text


def test_a_mail_in_the_browser_is_the_mail_with_what_did_not_fit(
    client: TestClient, room: Installation
) -> None:
    row = next(r for r in mails(room) if any(item.shown == "linked" for item in r.items))
    page = client.get(view_path(room, row))
    sent = rebuild_mail(room.desk, row.id).mail.html
    body = sent[sent.index("<table") : sent.rindex("</table>")]
    assert body in page.text
    assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
    more = page.text[page.text.index('id="more"') :]
    assert more.count("<li>") == sum(item.shown == "linked" for item in row.items)


def test_a_text_mail_in_the_browser_is_text(client: TestClient, room: Installation) -> None:
    row = next(r for r in mails(room) if r.format == "text")
    page = client.get(view_path(room, row)).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert '<pre class="mail"' in page


@pytest.mark.parametrize("token", ["x", "WyJhIl0.x"])
def test_no_mail_without_its_token(client: TestClient, token: str) -> None:
    assert client.get(f"/view/{token}").status_code == 404


def test_an_erased_mail_is_gone(client: TestClient, room: Installation) -> None:
    path = view_path(room, mails(room)[0])
    with room.desk.database.write() as connection:
        connection.execute(text("UPDATE deliveries SET email = ''"))
    assert client.get(path).status_code == 404


def test_the_archive_lists_issues_and_each_shows_its_stories(
    client: TestClient, room: Installation
) -> None:
    archive = client.get(f"/n/{SLUG}").text
    assert "Thursday, October 22, 2026" in archive
    [path] = set(re.findall(rf'href="(/n/{SLUG}/\d+)"', archive))
    issue = client.get(path).text
    given = {item.uid for row in mails(room) for item in row.items if item.shown == "full"}
    shown = set(re.findall(r'class="headline" href="/stories/([^"]+)"', issue))
    assert shown
    assert given & shown
    assert client.get(f"/n/{SLUG}/999").status_code == 404
    assert client.get("/n/nowhere").status_code == 404
    assert client.get("/n/nowhere/feed.xml").status_code == 404


def test_the_feed_is_atom_and_is_not_sent_twice(client: TestClient) -> None:
    first = client.get(f"/n/{SLUG}/feed.xml")
    assert first.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(first.content)
    assert feed.tag == f"{ATOM}feed"
    assert all(feed.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated"))
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) > 10
    for entry in entries:
        assert all(entry.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated"))
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    again = client.get(f"/n/{SLUG}/feed.xml", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
