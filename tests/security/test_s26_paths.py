"""S26: no path of a file comes from a request, whatever is sent (CVE-2023-40028)."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from fastapi import UploadFile
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.operators import Role
from mailer.web.application import make_app
from tests.web.conftest import client, open_room, room
from tests.web.desk_browser import Browser, staffed

__all__ = ["client", "open_room", "room"]

_ROOT = Path(__file__).parents[2]
_UPWARD = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/pyproject.toml",
    "....//....//pyproject.toml",
    "/etc/passwd",
    "..\\..\\pyproject.toml",
    "app.css%00.png",
)


def _takes_files(endpoint: Any) -> bool:
    parameters = inspect.signature(endpoint).parameters.values()
    return any("UploadFile" in str(each.annotation) for each in parameters)


def test_s26_no_path_leads_out_of_the_assets(client: TestClient, room: Installation) -> None:
    desk = Browser(staffed(room), Role.ADMIN)
    for path in _UPWARD:
        for prefix in ("/assets/", "/stories/", "/", "/operate/", "/operate/newsletters/"):
            answer = desk.client.get(prefix + path)
            assert answer.status_code in (303, 307, 400, 404, 405, 422), (prefix, path)
            assert "root:" not in answer.text
            assert "[build-system]" not in answer.text


def test_s26_files_arrive_in_one_place_alone(room: Installation) -> None:
    """At the desk's imports, whose reader asks for a session before a byte and has a cap."""
    seen = 0
    for context in iter_route_contexts(make_app(room).routes):
        if isinstance(context.route, APIRoute):
            seen += 1
            assert not _takes_files(context.route.endpoint), context.path
    assert seen > 80
    pages = sorted((_ROOT / "mailer" / "web").rglob("*.py"))
    assert [path.name for path in pages if "UploadFile" in path.read_text()] == ["uploads.py"]


def test_s26_goes_red_with_a_route_that_takes_one() -> None:
    def upload(file: UploadFile) -> None: ...

    assert _takes_files(upload)


def test_s26_pages_open_no_files_but_their_own_assets() -> None:
    opening = [
        path.name
        for path in sorted((_ROOT / "mailer" / "web").rglob("*.py"))
        if any(mark in path.read_text() for mark in (" open(", ".read_bytes(", ".read_text("))
    ]
    # Those of the developer's bench, which production does not have, ask a mailbox by its ids.
    assert set(opening) <= {"assets.py", "mailbox.py", "sights.py"}, opening


@pytest.mark.parametrize("name", ["../x", "x/../../y", "/etc/passwd"])
def test_s26_a_tag_or_newsletter_of_that_name_is_only_unknown(
    client: TestClient, name: str
) -> None:
    assert client.get(f"/archive?newsletter={name}&tag={name}").status_code < 500
