"""The desk: who is let in where, and what a form must show."""

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from mailer.flows.add_operator import add_operator
from mailer.web.application import make_app
from mailer.web.desk.shifts import NeedsRole
from tests.web.conftest import SEED_MORNING, Opener
from tests.web.desk_browser import PASSWORD, Browser, staffed

OPEN = {"/operate/sign-in", "/operate/welcome/{token}"}
SAFE = {"GET", "HEAD"}


@pytest.fixture
def room(open_room: Opener) -> Installation:
    """The seeds, with one operator of each role."""
    return staffed(open_room())


@pytest.fixture
def browser(room: Installation) -> Browser:
    """An admin at work."""
    return Browser(room, Role.ADMIN)


def routes(room: Installation) -> list[tuple[str, str, Role | None]]:
    """Each method and path of the desk with the role it needs."""
    found = []
    for context in iter_route_contexts(make_app(room).routes):
        route = context.route
        if not isinstance(route, APIRoute) or not str(context.path).startswith("/operate"):
            continue
        needs = [d.call.role for d in route.dependant.dependencies if isinstance(d.call, NeedsRole)]
        found += [
            (method, str(context.path), needs[0] if needs else None)
            for method in sorted(route.methods or ())
        ]
    return found


def test_every_page_names_the_role_it_needs(room: Installation) -> None:
    found = routes(room)
    assert len(found) > 30
    assert {path for _, path, role in found if role is None} == OPEN
    # Looking is for everybody who signs in, the audit log and forms of others' work apart.
    changing = [(path, role) for method, path, role in found if method not in SAFE and role]
    own = ("/operate/account", "/operate/sign-out")
    assert not [p for p, role in changing if role is Role.VIEWER and not p.startswith(own)]


def filled(path: str) -> str:
    for name, value in {
        "run_id": "999",
        "delivery_id": "999",
        "reader_id": "999",
        "schedule_id": "999",
        "feed_id": "999",
        "webhook_id": "999",
        "webhook_step": "enable",
        "import_id": "999",
        "letter_id": "999",
        "operator_id": "999",
        "operator_step": "sign-out",
        "key_id": "999",
        "action": "pause",
        "step": "pause",
        "resolution": "accept",
        "token": "x",
    }.items():
        path = path.replace("{" + name + "}", value)
    return path


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_routes_by_roles(room: Installation, role: Role | None) -> None:
    browser = Browser(room, role)
    for method, template, needed in routes(room):
        if needed is None or template in ("/operate/live", "/operate/sign-out"):
            continue
        path = filled(template)
        # Without the token of the session nobody changes anything, whatever her role.
        if method not in SAFE:
            refused = browser.client.request(method, path, data={"csrf": "x"})
            assert refused.status_code == 403, (method, path)
        answer = browser.client.request(
            method, path, data=None if method in SAFE else {"csrf": browser.csrf}
        )
        if role is None:
            assert answer.status_code == (303 if method in SAFE else 403), (method, path)
        elif role.covers(needed):
            assert answer.status_code in (200, 303, 404, 422), (
                method,
                path,
                answer.text[-500:],
            )
        else:
            assert answer.status_code == 403, (role, method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(browser: Browser, headers: dict[str, str]) -> None:
    fields = {"csrf": browser.csrf, "newsletter": "x", "cadence": "daily"}
    assert browser.client.post("/operate/runs", data=fields, headers=headers).status_code == 403
    signing = {"email": "admin@news.example", "password": PASSWORD}
    assert browser.client.post("/operate/sign-in", data=signing, headers=headers).status_code == 403


def test_the_cookie_is_out_of_reach_and_the_page_goes_nowhere_else(room: Installation) -> None:
    client = TestClient(make_app(room), base_url="https://news.example", follow_redirects=False)
    fields = {"email": "admin@news.example", "password": PASSWORD, "next": "https://evil.example"}
    answer = client.post("/operate/sign-in", data=fields)
    assert answer.headers["location"] == "/operate"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    for mark in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert mark in cookie
    wrong = client.post("/operate/sign-in", data={**fields, "password": "wrong horse battery"})
    assert wrong.status_code == 422
    assert "is not right" in wrong.text


def test_signing_out_ends_the_session(browser: Browser) -> None:
    kept = dict(browser.client.cookies)
    assert browser.post("/operate/sign-out") == "/operate/sign-in"
    browser.client.cookies.update(kept)
    assert browser.client.get("/operate").headers["location"].startswith("/operate/sign-in")


def test_a_welcome_link_sets_a_password_once(room: Installation) -> None:
    added = add_operator(
        room.desk.database, "new@news.example", role=Role.VIEWER, actor="test", now=SEED_MORNING
    )
    client = Browser(room, None).client
    path = f"/operate/welcome/{added.link_token}"
    assert "new@news.example" in client.get(path).text
    differ = {"password": "another good one", "again": "another bad one"}
    assert "two passwords differ" in client.post(path, data=differ).text
    same = {"password": "another good one", "again": "another good one"}
    assert client.post(path, data=same).headers["location"] == "/operate/sign-in"
    assert client.get(path).status_code == 422
    signed = client.post(
        "/operate/sign-in", data={"email": "new@news.example", "password": "another good one"}
    )
    assert signed.status_code == 303
