"""Operators, keys of programs and a reader's own data, on the desk."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.operators import Role
from mailer.core.readers import ReaderState
from mailer.flows.export_found import export_found
from mailer.store.audit import list_changes
from mailer.store.leaving import find_reader_by_id
from mailer.store.ledger_reading import list_deliveries
from mailer.store.operators import change_operator_row, find_operator
from mailer.store.readers import change_reader, find_reader, list_readers
from mailer.web.application import make_app
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import PASSWORD, Browser, staffed
from tests.web.readers import MINA, reader


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An admin at work."""
    return Browser(room, Role.ADMIN)


def said(room: Installation) -> list[tuple[str, str, str]]:
    with room.desk.database.read() as connection:
        entries = list_changes(connection, actor="admin@news.example")
    assert all(entry.address for entry in entries)
    found = [(entry.action, entry.subject, entry.detail) for entry in entries]
    return [each for each in found if each[0] != "signed in"]


def place_of(room: Installation, email: str) -> str:
    with room.desk.database.read() as connection:
        return f"/operate/operators/{find_operator(connection, read_address(email)).id}"


def test_an_operator_is_added_and_sets_her_password_once(
    room: Installation, browser: Browser
) -> None:
    page = browser.post(
        "/operate/operators", 200, email="nora@news.example", name="Nora", role="editor"
    )
    found = re.search(r"https://news\.example(/operate/welcome/[\w-]+)", page)
    assert found
    assert found[1] not in browser.get("/operate/operators")
    assert "not yet: no password set" in page
    her = Browser(room, None).client
    fields = {"password": PASSWORD, "again": PASSWORD}
    assert her.post(found[1], data=fields).status_code == 303
    assert her.post(found[1], data=fields).status_code == 422
    signed = her.post("/operate/sign-in", data={"email": "nora@news.example", **fields})
    assert signed.headers["location"] == "/operate"
    assert "an operator already" in browser.post(
        "/operate/operators", 422, email="nora@news.example", role="viewer"
    )
    assert "Unknown role" in browser.post("/operate/operators", 422, email="a@b.example", role="x")
    assert said(room) == [("operator added", "nora@news.example", "role editor")]


def test_whoever_is_changed_must_sign_in_again(room: Installation, browser: Browser) -> None:
    editor = place_of(room, "editor@news.example")
    for step, fields, told in (
        ("sign-out", {}, "sessions ended"),
        ("role", {"role": "operator"}, "role editor to operator"),
        ("end", {}, "works here no longer"),
    ):
        hers = Browser(room, Role.EDITOR)
        hers.get("/operate/stories")
        browser.post(f"{editor}/{step}", **fields)
        assert hers.client.get("/operate").status_code == 303, step
        assert said(room)[0] == ("operator changed", "editor@news.example", told)
    closed = Browser(room, None).client
    fields = {"email": "editor@news.example", "password": PASSWORD}
    assert closed.post("/operate/sign-in", data=fields).status_code == 422
    browser.post(f"{editor}/again")
    assert closed.post("/operate/sign-in", data=fields).status_code == 303
    with room.desk.database.write() as connection:
        found = find_operator(connection, read_address("editor@news.example"))
        change_operator_row(connection, found.id, totp_secret="A" * 32)
    assert "password and code" in browser.get("/operate/operators")
    browser.post(f"{editor}/forget-code")
    with room.desk.database.read() as connection:
        found = find_operator(connection, read_address("editor@news.example"))
    assert not found.has_second_factor
    linked = browser.post(f"{editor}/link", 200)
    assert "/operate/welcome/" in linked
    assert closed.post("/operate/sign-in", data=fields).status_code == 422


def test_the_last_admin_stays_and_what_is_grave_asks_for_the_password(
    room: Installation, open_room: Opener, browser: Browser
) -> None:
    own = place_of(room, "admin@news.example")
    assert "the only admin" in browser.post(f"{own}/role", 422, role="viewer")
    assert "the only admin" in browser.post(f"{own}/end", 422)
    browser.post("/operate/operators/999/end", 404)
    later = open_room(now=SEED_MORNING + timedelta(minutes=20))
    old = TestClient(make_app(later), base_url="https://news.example", follow_redirects=False)
    old.cookies.update(browser.client.cookies)
    mina = reader(room).id
    for path in (
        "/operate/operators",
        "/operate/keys",
        "/operate/readers/export",
        f"{own}/link",
        f"/operate/readers/{mina}/export",
        f"/operate/readers/{mina}/download",
        f"/operate/readers/{mina}/erase",
    ):
        answer = old.post(path, data={"csrf": browser.csrf, "name": "x", "scope": "runs:read"})
        assert answer.status_code == 422, path
        assert "password again" in answer.text, path
    assert said(room) == []


def test_a_key_is_shown_once_and_opens_nothing_once_it_is_revoked(
    room: Installation, browser: Browser
) -> None:
    page = browser.post("/operate/keys", 200, name="cms", scope="stories:read")
    found = re.search(r"nm_[\w-]{43}", page)
    assert found
    listed = browser.get("/operate/keys")
    assert found[0] not in listed
    assert found[0][:9] in listed
    api = TestClient(make_app(room), base_url="https://news.example/api/v1")
    bearer = {"Authorization": f"Bearer {found[0]}"}
    assert api.get("/stories", headers=bearer).status_code == 200
    assert api.get("/runs", headers=bearer).status_code == 403
    assert "There is a key" in browser.post("/operate/keys", 422, name="cms", scope="runs:read")
    assert "needs at least one scope" in browser.post("/operate/keys", 422, name="other")
    number = re.search(r"/operate/keys/(\d+)/revoke", listed)
    assert number
    browser.post(f"/operate/keys/{number[1]}/revoke")
    browser.post(f"/operate/keys/{number[1]}/revoke")
    assert api.get("/stories", headers=bearer).status_code == 401
    assert [action for action, _, _ in said(room)] == ["key revoked", "key added"]


def test_a_readers_data_goes_to_herself_or_to_an_admins_file(
    room: Installation, browser: Browser
) -> None:
    mina = reader(room)
    place = f"/operate/readers/{mina.id}"
    operator = Browser(room, Role.OPERATOR)
    assert "Download her data" not in operator.get(place)
    operator.post(f"{place}/download", 403)
    operator.post(f"{place}/erase", 403, email=mina.email)
    operator.post(f"{place}/export")
    with room.desk.database.read() as connection:
        [notice] = list_deliveries(connection)
    assert (notice.email, notice.what) == (mina.email, "export")
    answer = browser.client.post(f"{place}/download", data={"csrf": browser.csrf})
    assert answer.headers["content-disposition"] == f'attachment; filename="reader-{mina.id}.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["email"] == mina.email
    assert said(room) == [("reader exported", f"reader {mina.id}", "")]


def test_a_reader_is_erased_only_by_her_address(room: Installation, browser: Browser) -> None:
    mina = reader(room)
    place = f"/operate/readers/{mina.id}"
    for wrong in ("", "somebody@else.example"):
        browser.post(f"{place}/erase", 422, email=wrong)
    with room.desk.database.read() as connection:
        assert find_reader_by_id(connection, mina.id).state is ReaderState.CONFIRMED
    browser.post(f"{place}/erase", email=mina.email.upper())
    page = browser.get(place)
    assert mina.email not in page
    assert "Erase her" not in page
    assert "she is erased" in browser.post(f"{place}/export", 422).casefold()
    assert said(room) == [("reader erased", f"reader {mina.id}", "")]


def test_the_readers_found_are_downloaded_and_no_cell_is_a_formula(
    room: Installation, browser: Browser
) -> None:
    with room.desk.database.write() as connection:
        mina = find_reader(connection, read_address(MINA))
        change_reader(connection, replace(mina, name='=HYPERLINK("x")'), SEED_MORNING)
    operator = Browser(room, Role.OPERATOR)
    assert "as CSV" not in operator.get("/operate/readers")
    operator.post("/operate/readers/export", 403)
    assert "all that are found as CSV" in browser.get("/operate/readers?words=MINA")

    def downloaded(**fields: str) -> list[list[str]]:
        answer = browser.client.post(
            "/operate/readers/export", data={"csrf": browser.csrf, **fields}
        )
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="readers.csv"'
        assert answer.headers["cache-control"] == "no-store"
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    header, *rows = downloaded(words="MINA", state="confirmed")
    assert header[:3] == ["email", "name", "state"]
    assert [row[:3] for row in rows] == [[mina.email, '\'=HYPERLINK("x")', "confirmed"]]
    assert said(room) == [
        ("readers exported", "readers", "1 of those confirmed, by words looked for")
    ]
    with room.desk.database.read() as connection:
        there = [reader.email for reader in list_readers(connection)]
    assert [row[0] for row in downloaded()[1:]] == there
    lines = list(export_found(room.desk.database, at_once=2))
    assert len(lines) == len(there) + 1 > 4
    assert [next(csv.reader([line]))[0] for line in lines[1:]] == there
    assert downloaded(words="nobody%") == [header]
    browser.post("/operate/readers/export", 422, state="asleep")


def test_who_is_erased_is_not_downloaded(room: Installation, browser: Browser) -> None:
    mina = reader(room)
    browser.post(f"/operate/readers/{mina.id}/erase", email=mina.email)
    lines = list(export_found(room.desk.database))
    assert len(lines) > 2
    assert not [line for line in lines if mina.email in line or "erased" in line]
