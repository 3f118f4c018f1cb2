"""Posting by the guard: bodies and answers over a real socket, and addresses it refuses."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpcore2
import pytest

from mailer.core.private_hosts import read_private_hosts
from mailer.errors import InputError, ServiceAway
from mailer.ingest.posting import post


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        if status == 503:
            self.send_header("Retry-After", "120")
        if status == 200:
            self.end_headers()
            self.wfile.write(b"x" * 100_000)
            return
        self.end_headers()
        self.wfile.write(b"a\nb")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def seen() -> list[tuple[str, dict[str, str], bytes]]:
    return []


@pytest.fixture
def url(seen: list[tuple[str, dict[str, str], bytes]]) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"seen": seen})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_document_is_posted_as_it_is(
    url: str, seen: list[tuple[str, dict[str, str], bytes]]
) -> None:
    answer = post(url, b'{"a":"\xc3\xa9"}', {"webhook-id": "msg_1"}, allow_loopback=True)
    ((path, headers, body),) = seen
    assert (answer.status, path, body) == (200, "/", b'{"a":"\xc3\xa9"}')
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    # Of a long answer only the beginning is read.
    assert len(answer.text) <= 200


def test_a_redirect_is_an_answer_and_is_not_followed(
    url: str, seen: list[tuple[str, dict[str, str], bytes]]
) -> None:
    answer = post(f"{url}/302", b"{}", {}, allow_loopback=True)
    assert (answer.status, answer.text) == (302, "a b")
    assert len(seen) == 1
    assert post(f"{url}/503", b"{}", {}, allow_loopback=True).retry_after == 120


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="not public"):
        post(address, b"{}", {})


def test_outside_production_only_this_machine_is_allowed_besides() -> None:
    with pytest.raises(InputError, match="not public"):
        post("http://169.254.169.254/", b"{}", {}, allow_loopback=True)


def test_nobody_there_is_away(url: str) -> None:
    with pytest.raises(ServiceAway):
        post("http://127.0.0.1:1/", b"{}", {}, allow_loopback=True)


def test_a_private_host_is_reached_only_when_a_setting_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def connect(self: object, host: str, *_: object, **__: object) -> object:
        asked.append(host)
        raise httpcore2.ConnectError("nobody listens")

    monkeypatch.setattr("mailer.ingest.guard._resolved", lambda *_: ["127.0.0.1", "10.9.9.9"])
    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    named = read_private_hosts("hooks.internal")
    for url, private in (
        ("http://hooks.internal/", read_private_hosts("")),
        ("http://rebound.example/", named),
    ):
        with pytest.raises(InputError, match="not public"):
            post(url, b"{}", {}, private=private)
    assert asked == []
    with pytest.raises(ServiceAway):
        post("http://hooks.internal/", b"{}", {}, private=named)
    # The address that was judged, not the name, which may lead elsewhere a moment later.
    assert asked == ["10.9.9.9"]
