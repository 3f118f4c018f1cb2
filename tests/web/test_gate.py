"""What holds for every page: headers, HEAD, limits, the log."""

import asyncio
import logging

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from mailer.web import gate
from mailer.web.gate import Gate
from tests.web.conftest import Opener


def test_every_answer_says_what_the_browser_may_do(client: TestClient) -> None:
    for path in ("/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "server" not in headers


def test_without_https_browsers_are_not_told_to_insist_on_it(open_room: Opener) -> None:
    from mailer.web.application import make_app

    room = open_room(public_url="http://localhost:8000")
    with TestClient(make_app(room)) as plain:
        assert "strict-transport-security" not in plain.get("/healthz").headers


def test_head_is_get_without_a_body(client: TestClient) -> None:
    got, headed = client.get("/nowhere"), client.head("/nowhere")
    assert headed.status_code == got.status_code == 404
    assert headed.content == b""
    assert headed.headers["content-length"] == got.headers["content-length"] != "0"


def test_a_body_over_the_cap_is_refused_however_it_comes(client: TestClient) -> None:
    from mailer.web.visits import Posted

    @client.app.post("/eat")  # type: ignore[attr-defined]
    def eat(form: Posted) -> dict[str, int]:
        return {"length": len(form["text"])}

    assert client.post("/eat", data={"text": "a" * 3000}).json() == {"length": 3000}
    assert client.post("/eat", data={"text": "a" * 70_000}).status_code == 413
    kind = {"content-type": "application/x-www-form-urlencoded"}
    chunks = iter([b"text=", *[b"a" * 10_000] * 8])
    assert client.post("/eat", content=chunks, headers=kind).status_code == 413
    too_long = client.post("/eat", data={"text": "a" * 5000})
    assert too_long.status_code == 422
    assert "at most 4,000 characters" in too_long.text


def test_the_log_has_no_token_no_query_and_no_secret_part(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    @client.app.get("/secret/{token}")  # type: ignore[attr-defined]
    def secret(token: str) -> str:
        return token

    caplog.set_level(logging.INFO, "mailer.web.access")
    client.get("/secret/tok1?email=somebody@example.org")
    client.get("/secret/tok1/more/" + "x" * 40)
    client.get("/odd%0d%0aname")
    lines = [record.getMessage() for record in caplog.records if "access" in record.name]
    assert "GET /secret/{token} 200" in lines[0]
    assert "somebody" not in lines[0]
    assert "tok1" not in lines[0]
    assert "xxxx" not in lines[1]
    assert "\n" not in lines[2]


def test_the_proxys_word_is_in_the_log_only_when_it_is_trusted(
    open_room: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    from mailer.web.application import make_app

    caplog.set_level(logging.INFO, "mailer.web.access")
    for hops in (0, 1):
        with TestClient(make_app(open_room(trusted_proxies=hops))) as asked:
            asked.get("/healthz", headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"})
    lines = [record.getMessage() for record in caplog.records if "access" in record.name]
    assert [line.split()[0] for line in lines] == ["0.0.0.0", "198.51.100.7"]


async def _reads_all(_scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def _never_answers(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


async def _streams(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"late"})


def _ask(app: object, *, body_comes: bool) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        if not body_comes:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "client": None}
    asyncio.run(Gate(app, hops=0, headers={"A": "b"})(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.01)
    sent = _ask(_reads_all, body_comes=False)
    assert sent[0]["status"] == 408
    assert (b"a", b"b") in sent[0]["headers"]
    assert _ask(_reads_all, body_comes=True)[0]["status"] == 200


def test_an_answer_that_does_not_come_is_503_and_a_stream_may_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "ANSWER_SECONDS", 0.01)
    assert _ask(_never_answers, body_comes=True)[0]["status"] == 503
    assert [m.get("body") for m in _ask(_streams, body_comes=True)] == [None, b"late"]


def test_each_answer_names_its_request_and_a_trusted_proxy_may_name_it(
    open_room: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    from mailer.web.application import make_app

    named = {"x-request-id": "edge-0123456789"}
    for hops, kept in ((0, False), (1, True)):
        with TestClient(make_app(open_room(trusted_proxies=hops))) as asked:
            answer = asked.get("/healthz", headers=named)
            assert (answer.headers["x-request-id"] == named["x-request-id"]) is kept
            odd = asked.get("/healthz", headers={"x-request-id": "a b<script>"})
            assert len(odd.headers["x-request-id"]) == 16
            first, second = (asked.get("/healthz").headers["x-request-id"] for _ in range(2))
            assert first != second
