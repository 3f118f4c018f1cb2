"""What the API refuses, and how it describes itself."""

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from tests.web.test_api import api, routes

__all__ = ["api"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"title": 3}', 422),
        (b'{"title": "x", "odd": 1}', 422),
        (b'{"title": "x", "url": "https://news.example/x", "published_at": "soon"}', 422),
        (b'{"title": "\\u0000\\ud800", "url": "https://news.example/x"}', 422),
        (b'{"title": "' + b"x" * 70_000 + b'"}', 413),
        (b"\xff\xfe", 422),
    ],
)
def test_what_is_no_story_is_a_problem(api: TestClient, content: bytes, status: int) -> None:
    answer = api.post("/stories", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_the_description_names_every_route_and_loads_nothing_from_elsewhere(
    client: TestClient, room: Installation
) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    for _, path in routes(room):
        assert f" {path}</code>" in page.text
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text
    described = client.get("/api/openapi.json").json()
    assert described["components"]["schemas"]["Problem"]["required"] == ["title", "status"]
    assert all(path.startswith("/api/v1/") for path in described["paths"])
