"""Imports of readers on the desk and by the API: seen before they are taken, and gone on after."""

import csv
import io
import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.api_keys import Scope
from mailer.core.operators import Role
from mailer.core.reader_imports import ImportState
from mailer.flows.keep_imports import work_imports
from mailer.store.audit import list_changes
from mailer.store.reader_imports import claim_import, list_imports, read_piece
from mailer.store.reader_search import search_readers
from mailer.web.application import make_app
from mailer.web.desk import imports
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import Browser, staffed
from tests.web.test_api import key_for

LINES = "Correo,Nombre\nnew.one@reader.example,Uno\nno address,=2+5\nnew.two@reader.example,Dos\n"


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An operator at work."""
    return Browser(room, Role.OPERATOR)


def upload(browser: Browser, content: bytes, status: int = 303, **fields: str) -> str:
    answer = browser.client.post(
        "/operate/readers/import",
        data={"csrf": browser.csrf, "consent": "Ticked a box", **fields},
        files={"file": ("list.csv", content, "text/csv")},
    )
    assert answer.status_code == status, answer.text[-500:]
    return str(answer.headers.get("location", answer.text))


def caller(room: Installation, scope: Scope) -> TestClient:
    """A program with a key of this scope."""
    headers = key_for(room, scope, name=scope)
    return TestClient(make_app(room), base_url="https://news.example", headers=headers)


def work(room: Installation) -> None:
    while work_imports(room.desk.database, room.desk.signer, clock=room.clock):
        pass


def emails(room: Installation, words: str = "new.") -> set[str]:
    with room.desk.database.read() as connection:
        return {row.email for row in search_readers(connection, words=words, limit=100)}


def test_a_file_is_looked_at_then_taken_and_its_bad_lines_come_back(
    room: Installation, browser: Browser
) -> None:
    path = upload(browser, LINES.encode())
    seen = browser.get(path)
    assert "2</b> would be new" in seen
    assert "not a mail address" in seen
    assert "write one address, such as name@example.org" in seen
    assert "<option selected>email</option>" in seen
    assert "new.one@reader.example</td>" in seen, "the first lines are shown"
    assert emails(room) == set()

    browser.post(f"{path}/start")
    assert 'http-equiv="refresh"' in browser.get(path)
    work(room)

    assert "<b>2</b> new" in browser.get(path)
    assert emails(room) == {"new.one@reader.example", "new.two@reader.example"}
    answer = browser.client.get(f"{path}/rejects.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    [names, line] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert names == ["rejected line", "reason", "mend", "Correo", "Nombre"]
    assert line[0] == "3"
    assert line[3:] == ["no address", "'=2+5"], "no cell is a formula (S19)"
    with room.desk.database.read() as connection:
        [one] = list_imports(connection)
        assert read_piece(connection, one.id, 0) == b"", "the file is let go"
        [change] = [c for c in list_changes(connection) if c.action == "readers imported"]
    assert "Ticked a box" in change.detail


def test_columns_and_encoding_can_be_mended_before_anything_is_taken(
    room: Installation, browser: Browser
) -> None:
    path = upload(browser, "wer;was\nnew.kim@reader.example;김\n".encode("euc-kr"))
    assert "read as Windows-1252" in browser.get(path)

    fields = {"column-0": "email", "column-1": "name", "encoding": "euc-kr"}
    browser.post(f"{path}/read-again", **fields)
    assert "김</td>" in browser.get(path)
    browser.post(f"{path}/start")
    work(room)

    with room.desk.database.read() as connection:
        [reader] = search_readers(connection, words="new.kim", limit=5)
    assert reader.name == "김"
    assert "only one that was checked" in browser.post(f"{path}/start", 422)


def test_a_column_can_be_left_out(room: Installation, browser: Browser) -> None:
    path = upload(browser, b"email,name\nnew.a@reader.example,Secret\n")
    browser.post(f"{path}/read-again", **{"column-0": "email", "column-1": "", "encoding": ""})
    browser.post(f"{path}/start")
    work(room)
    with room.desk.database.read() as connection:
        assert search_readers(connection, words="new.a", limit=5)[0].name == ""


def test_a_large_file_is_looked_at_by_a_worker_and_can_be_stopped(
    room: Installation, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_AT_ONCE", 10)
    path = upload(browser, LINES.encode())
    assert "a worker looks at the file" in browser.get(path)
    work(room)
    assert "would be new" in browser.get(path)
    browser.post(f"{path}/start")
    browser.post(f"{path}/cancel")
    work(room)
    assert emails(room) == set()
    with room.desk.database.read() as connection:
        assert list_imports(connection)[0].state is ImportState.CANCELLED


def test_what_cannot_be_an_import_is_told(browser: Browser) -> None:
    assert "the words these readers agreed to" in upload(browser, b"email\n", 422, consent="")
    assert "file is empty" in upload(browser, b"", 422)
    path = upload(browser, b"PK\x03\x04 an office file")
    assert "an Excel or zip file" in browser.get(path)


def test_strangers_and_editors_send_no_file(room: Installation, browser: Browser) -> None:
    stranger = Browser(room, None)
    stranger.csrf = browser.csrf
    upload(stranger, LINES.encode(), 403)
    upload(Browser(room, Role.EDITOR), LINES.encode(), 403)
    forged = Browser(room, Role.OPERATOR)
    forged.csrf = "x"
    upload(forged, LINES.encode(), 403)
    other = browser.client.post(
        "/operate/readers/import",
        data={"csrf": browser.csrf, "consent": "x"},
        files={"file": ("list.csv", LINES.encode())},
        headers={"Origin": "https://evil.example"},
    )
    assert other.status_code == 403
    with room.desk.database.read() as connection:
        assert list_imports(connection) == []


def test_only_the_upload_takes_more_than_a_form(browser: Browser) -> None:
    big = b"email\n" + b"x" * 100_000 + b"\n"
    assert "longer than 64 KiB" in browser.get(upload(browser, big))
    refused = browser.client.post("/operate/runs", data={"csrf": browser.csrf, "x": "y" * 100_000})
    assert refused.status_code == 413


def test_a_program_imports_and_asks_what_became_of_it(room: Installation) -> None:
    api = caller(room, Scope.SUBSCRIPTIONS_WRITE)
    asked = {"confirmed": "true", "consent": "Ticked a box", "file_name": "crm.csv"}
    named = {"Idempotency-Key": "one"}
    answers = [
        api.post("/api/v1/imports", params=asked, content=LINES, headers=named) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    document = answers[0].json()
    assert answers[1].json() == document
    assert (document["state"], document["file_name"]) == ("importing", "crm.csv")
    work(room)

    path = f"/api/v1/imports/{document['id']}"
    done = api.get(path).json()
    assert (done["state"], done["new"], done["rejected"]) == ("done", 2, 1)
    assert done["columns"] == {"email": "Correo", "name": "Nombre"}
    [line] = api.get(f"{path}/rejects").json()["items"]
    assert (line["line"], line["email"]) == (3, "no address")
    assert [row["id"] for row in api.get("/api/v1/imports").json()["items"]] == [document["id"]]
    assert api.get("/api/v1/imports/999").status_code == 404


def test_a_program_may_look_first(room: Installation) -> None:
    api = caller(room, Scope.SUBSCRIPTIONS_WRITE)
    one = api.post("/api/v1/imports", params={"dry_run": "true"}, content=LINES).json()
    work(room)
    path = f"/api/v1/imports/{one['id']}"
    assert api.get(path).json()["state"] == "checked"
    assert emails(room) == set()
    assert api.post(f"{path}/start").json()["state"] == "importing"
    assert api.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert api.post(f"{path}/start").status_code == 422
    reading = caller(room, Scope.SUBSCRIPTIONS_READ)
    assert reading.post("/api/v1/imports", content=LINES).status_code == 403
    missing = api.post("/api/v1/imports", params={"confirmed": "true"}, content=LINES)
    assert (missing.status_code, "agreed to" in missing.json()["detail"]) == (422, True)


def test_the_page_reads_well_where_a_name_is_markup(browser: Browser) -> None:
    seen = browser.get(upload(browser, b"email,<b>x\nno <i>,<script>1</script>\n"))
    assert not re.search("<(i|script)>1?", seen.partition("<main")[2])


def test_an_import_that_no_worker_takes_says_so(
    open_room: Opener, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_AT_ONCE", 10)
    path = upload(browser, LINES.encode())

    def seen_after(seconds: float, path: str = path) -> str:
        later = Browser(open_room(now=SEED_MORNING + timedelta(seconds=seconds)), None)
        later.client.cookies.update(browser.client.cookies)
        return later.get(path)

    def room_at(seconds: float) -> Installation:
        return open_room(now=SEED_MORNING + timedelta(seconds=seconds))

    nobody = "No worker has taken it"
    assert nobody not in seen_after(9)
    assert nobody in (page := seen_after(11))
    assert "<code>mailer worker</code>" in page
    assert "2026-10-21 22:00:00" in page

    # It was looked at; what counts from now on is when it was to be taken.
    work(room_at(20))
    assert nobody not in seen_after(600)
    started = Browser(room_at(600), Role.OPERATOR)
    started.post(f"{path}/start")
    assert nobody not in seen_after(605)
    assert nobody in seen_after(615)

    # A worker has it, then has died; and one that has another keeps this one waiting.
    with room_at(620).desk.database.write() as connection:
        assert claim_import(connection, "a", SEED_MORNING + timedelta(seconds=620))
    assert nobody not in seen_after(675)
    assert nobody in seen_after(700)
    second = upload(started, LINES.encode())
    with room_at(700).desk.database.write() as connection:
        assert claim_import(connection, "b", SEED_MORNING + timedelta(seconds=700))
    assert "waits for another import" in (page := seen_after(700, second))
    assert nobody not in page
    work(room_at(800))
    for each in (path, second):
        assert nobody not in seen_after(900, each)
