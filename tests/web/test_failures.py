"""What went wrong is told in the look of all pages, and in the visitor's words only."""

import html5lib
import pytest
from starlette.testclient import TestClient

from mailer.errors import InputError, NotFoundError, RenderError, ServiceAway
from mailer.web.failures import HTTPException
from mailer.web.visits import Visiting


def test_an_unknown_page_is_a_page(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    html5lib.HTMLParser(strict=True).parse(answer.text)
    assert "<h1>There is nothing here</h1>" in answer.text
    assert "The Newsroom" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (HTTPException(410), 410, "This link has expired"),
        (HTTPException(429, "once a day is enough"), 429, "Once a day is enough"),
        (InputError("this is <no> address"), 422, "This is &lt;no&gt; address"),
        (NotFoundError("try 'mailer seed'"), 404, "There is nothing here"),
        (ServiceAway("postgres at db.internal"), 503, "We will be back"),
        (RenderError("template x"), 500, "Something broke"),
        (RuntimeError("secret"), 500, "Something broke"),
    ],
)
def test_each_failure_has_its_status_and_words(
    client: TestClient, error: Exception, status: int, words: str
) -> None:
    @client.app.get("/fail")  # type: ignore[attr-defined]
    @client.app.get("/api/v1/fail")  # type: ignore[attr-defined]
    def fail() -> None:
        raise error

    answer = client.get("/fail")
    assert answer.status_code == status
    html5lib.HTMLParser(strict=True).parse(answer.text)
    assert words in answer.text
    for kept in ("mailer seed", "db.internal", "secret", "template x"):
        assert kept not in answer.text
    problem = client.get("/api/v1/fail")
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == status


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    @client.app.get("/both/{token}")  # type: ignore[attr-defined]
    def get(token: str) -> str:
        return token

    @client.app.post("/both/{token}")  # type: ignore[attr-defined]
    def post(token: str) -> str:
        return token

    answer = client.put("/both/x")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_a_redirect_never_leaves_the_site(client: TestClient) -> None:
    @client.app.get("/leave")  # type: ignore[attr-defined]
    def leave(visit: Visiting) -> object:
        return visit.go("//evil.example/")

    assert client.get("/leave").status_code == 500


def test_health_is_for_machines(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"
