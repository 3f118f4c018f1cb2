"""The developer's bench: previews and mailbox; closed in production."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.flows.deliver_run import deliver_run
from mailer.flows.open_run import open_run
from mailer.flows.pause_reader import pause_reader
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import preview_mail
from mailer.render.environment import packaged_templates
from mailer.store.ledger_tables import deliveries
from mailer.web.application import make_app
from mailer.web.dev.choices import PANES
from mailer.web.dev.sights import neighbours
from tests.web.conftest import SEED_MORNING, Opener

MINA = "mina.park@example.org"
HERS = {
    "newsletter": "asia-daily",
    "cadence": "daily",
    "reader": MINA,
    "as_of": SEED_MORNING.isoformat(),
}


def preview(client: TestClient, **choice: str) -> str:
    answer = client.get(f"/dev/preview?{urlencode(choice)}")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("pane", PANES)
def test_each_pane_shows_the_sample_and_the_readers_own_mail(client: TestClient, pane: str) -> None:
    sample, hers = preview(client, mail="digest", pane=pane), preview(client, **HERS, pane=pane)
    assert "sample of <b>digest</b>" in sample
    assert f"to <b>{MINA}</b>" in hers
    wanted = {
        "look": ('title="360 px"', 'title="Desktop"'),
        "dark": ("screen=dark", 'title="360 px, dark"'),
        "text": ("THE MERIDIAN DAILY", "You follow"),
        "headers": ("<dt>List-Unsubscribe</dt>", "<dt>Message-ID</dt>"),
        "source": ("Content-Transfer-Encoding: quoted-printable",),
        "lint": ("_base/kept.css:", "prefers-color-scheme"),
        "why": ("Left out", "china AND north-korea"),
    }[pane]
    for words in wanted:
        assert words in hers, words
    assert ("errors, 0 warnings" in hers) == (pane == "lint")
    verdict = client.get(f"/dev/preview/verdict?{urlencode(HERS)}").text
    assert re.fullmatch(r"0 errors, 0 warnings, \d+ notes", verdict)
    assert "KB</span>" in hers


def test_the_frame_has_the_mail_and_lets_nothing_run(
    client: TestClient, room: Installation
) -> None:
    light = client.get(f"/dev/preview/frame?{urlencode(HERS)}&screen=light")
    dark = client.get(f"/dev/preview/frame?{urlencode(HERS)}&screen=dark")
    policy = light.headers["Content-Security-Policy"]
    assert "sandbox" in policy.split()
    assert "script" not in policy
    assert light.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "@media all" in dark.text
    assert "@media not all" in light.text
    page = preview(client, **HERS)
    assert page.count('sandbox="allow-popups allow-popups-to-escape-sandbox"') == 2
    assert "frame-src 'self'" in client.get("/dev/preview").headers["Content-Security-Policy"]


def test_the_source_has_the_bytes_of_the_preview_and_no_row_is_written(
    client: TestClient, room: Installation
) -> None:
    content = client.get(f"/dev/preview/source?{urlencode(HERS)}").content
    found, _ = preview_mail(
        room.desk, "asia-daily", Cadence.DAILY, reader_email=MINA, as_of=SEED_MORNING
    )
    assert found is not None
    assert content == found.content
    assert "Nothing yet" in client.get("/dev/mailbox").text


def test_the_frames_show_the_mail_the_page_speaks_of_and_the_next_page_what_is_true_then(
    client: TestClient, room: Installation
) -> None:
    assert 'title="Desktop"' in preview(client, **HERS)
    pause_reader(room.desk.database, MINA, "2099-12-24", actor="test", now=room.clock())
    frame = f"/dev/preview/frame?{urlencode(HERS)}&screen=light"
    assert "Yalu" in client.get(frame).text
    assert "would not ask her" in preview(client, **HERS)
    assert client.get(frame).text == "<!DOCTYPE html><p>No HTML part."


def test_readers_can_be_walked_through_in_a_ring() -> None:
    assert neighbours(["a", "b", "c"], "a") == ("c", "b")
    assert neighbours(["a", "b", "c"], "c") == ("b", "a")
    assert neighbours(["a", "b"], "x") == ("b", "a")
    assert neighbours(["a"], "a") == ("", "")
    assert neighbours([], "a") == ("", "")


def test_the_next_reader_keeps_everything_else(client: TestClient) -> None:
    page = preview(client, **HERS, pane="headers")
    link = next(line for line in page.splitlines() if 'data-key="j"' in line)
    assert "pane=headers" in link
    assert "newsletter=asia-daily" in link
    assert "as_of=2026-10-22" in link
    assert "mina" not in link


def test_every_mail_is_listed_on_an_empty_database(open_room: Opener, tmp_path: Path) -> None:
    room = open_room()
    with TestClient(make_app(room), base_url="https://news.example") as client:
        page = client.get("/dev/preview").text
        for folder in (packaged_templates() / "email").iterdir():
            if folder.name != "_base":
                assert f">{folder.name}</a>" in page
                assert client.get(f"/dev/preview?mail={folder.name}&locale=ko").status_code == 200


def test_a_mistake_is_shown_in_the_page_with_its_lines(open_room: Opener, tmp_path: Path) -> None:
    own = tmp_path / "own" / "email" / "digest"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("{{ mail.preheadr }}")
    room = open_room(templates=tmp_path / "own")
    with TestClient(make_app(room), base_url="https://news.example") as client:
        for choice in ({"mail": "digest"}, HERS):
            page = preview(client, **choice)
            assert "A mistake in a template" in page
            assert "subject.txt, line 1" in page
            assert "no &#39;preheadr&#39; here: did you mean &#39;preheader&#39;?" in page
            assert "{{ mail.preheadr }}" in page
        assert client.get("/dev/preview/frame?mail=digest").status_code == 200


def test_changes_answers_at_once_when_a_template_is_newer(client: TestClient) -> None:
    version = client.get("/dev/preview/changes?seen=other").text
    assert f'data-version="{version}"' in preview(client, mail="alert")


@pytest.mark.parametrize(
    "choice",
    [
        {"newsletter": "nothing"},
        {**HERS, "reader": "nobody@example.org"},
        {**HERS, "as_of": "soon"},
        {**HERS, "as_of": "0001-01-01T00:00+14:00"},
        {**HERS, "cadence": "yearly"},
        {"mail": "nothing"},
        {"mail": "../../etc"},
        {"mail": "x" * 300},
        {**HERS, "template": "nothing"},
    ],
)
def test_an_odd_choice_is_refused_in_words(client: TestClient, choice: dict[str, str]) -> None:
    answer = client.get(f"/dev/preview?{urlencode(choice)}")
    assert answer.status_code in (200, 404, 422)
    if answer.status_code == 200:
        assert "A mistake in a template" in answer.text


def test_the_mailbox_shows_what_the_maildir_caught(open_room: Opener, tmp_path: Path) -> None:
    box = tmp_path / "box"
    for sub in ("new", "cur", "tmp"):
        (box / sub).mkdir(parents=True)
    golden = Path(__file__).parent.parent / "render" / "golden" / "digest.eml"
    content = golden.read_bytes().replace(b"\n", b"\r\n")
    (box / "new" / "1.M1.host").write_bytes(content)
    hanging = (
        b"From: a@news.example\r\nTo: b@example.org\r\nSubject: =?utf-8?b?w4QgPGI+?=\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--x\r\nContent-Type: text/html\r\nContent-Disposition: attachment;"
        b' filename="../e\xcc\x81vil.html"\r\n\r\n<script>1</script>\r\n--x--\r\n'
    )
    (box / "cur" / "2.M2.host:2,S").write_bytes(hanging)
    room = open_room(backend="maildir", maildir=box)
    with TestClient(make_app(room), base_url="https://news.example") as client:
        page = client.get("/dev/mailbox").text
        assert "Ä &lt;b&gt;" in page
        assert "1 attached" in page
        assert client.get("/dev/mailbox/1.M1.host/source").content == content
        assert "Yalu" in client.get("/dev/mailbox/1.M1.host/frame?screen=dark").text
        shown = client.get("/dev/mailbox/2.M2.host:2,S").text
        assert "hello" in shown
        file = client.get("/dev/mailbox/2.M2.host:2,S/attachments/0")
        assert file.content.strip() == b"<script>1</script>"
        assert file.headers["Content-Type"] == "application/octet-stream"
        assert file.headers["Content-Disposition"].startswith("attachment;")
        assert "/" not in file.headers["Content-Disposition"]
        for odd in ("2.M2.host:2,S/attachments/7", "nothing", "..%2Fmailer.db", "%2e%2e"):
            assert client.get(f"/dev/mailbox/{odd}").status_code == 404


PATHS = (
    "/dev",
    "/dev/preview",
    "/dev/preview/frame",
    "/dev/preview/source",
    "/dev/preview/verdict",
    "/dev/preview/changes",
    "/dev/mailbox",
    "/dev/mailbox/1",
    "/dev/mailbox/1/frame",
    "/dev/mailbox/1/source",
    "/dev/mailbox/1/attachments/0",
)


def test_nothing_of_it_is_open_in_production(open_room: Opener) -> None:
    room = open_room(env="production", secret_key="x" * 32)
    app = make_app(room)
    with TestClient(app, base_url="https://news.example", follow_redirects=False) as client:
        for path in PATHS:
            assert client.get(path).status_code == 404, path
    open_paths = {
        path for path in (getattr(route, "path", "") for route in app.routes) if "/dev" in path
    }
    assert len(open_paths) <= len(PATHS)


def test_the_mailbox_shows_the_bytes_that_left(client: TestClient, room: Installation) -> None:
    opened = open_run(
        room.desk.database, "asia-daily", Cadence.DAILY, as_of=SEED_MORNING, now=SEED_MORNING
    )
    plan_run(room.desk, opened.run_id, now=SEED_MORNING)
    backend = MemoryBackend()
    deliver_run(room.desk, backend, clock=room.clock, run_id=opened.run_id)
    page = client.get("/dev/mailbox").text
    assert page.count("<tr>") == len(backend.messages) + 1
    assert "The Meridian" in page or MINA in page
    left = {message.content for message in backend.messages}
    ids = re.findall(r'href="/dev/mailbox/(\d+)"', page)
    assert {client.get(f"/dev/mailbox/{number}/source").content for number in ids} == left
    shown = client.get(f"/dev/mailbox/{ids[0]}").text
    assert "<dt>List-Unsubscribe</dt>" in shown
    for odd in ("999999", "9999999999999999999999", "x"):
        assert client.get(f"/dev/mailbox/{odd}").status_code == 404
    with room.desk.database.write() as connection:
        lost = update(deliveries).where(deliveries.c.id == int(ids[0])).values(email="<b>nobody")
        connection.execute(lost)
    page = client.get("/dev/mailbox").text
    assert f"Delivery {ids[0]} to &lt;b&gt;nobody: " in page
    assert page.count("<tr>") == len(backend.messages)
