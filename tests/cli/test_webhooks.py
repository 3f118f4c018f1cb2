"""`mailer webhooks`, from the adding to what a receiver of ours gets."""

import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.conftest import Mailer

_Got = list[tuple[dict[str, str], bytes]]


@pytest.fixture
def got() -> _Got:
    return []


@pytest.fixture
def url(got: _Got) -> Iterator[str]:
    """A receiver that takes what comes to /, and refuses the rest."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(204 if self.path == "/" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_story_typed_here_reaches_a_receiver_signed(mailer: Mailer, url: str, got: _Got) -> None:
    added = mailer("webhooks", "add", url, "--event", "story.published", "--json").json
    assert added["events"] == ["story.published"]
    assert mailer("stories", "add", "--title", "Ferry", "--url", "https://n.example/f").code == 0
    assert mailer("drain", "--json").json["webhooks"] == {"delivered": 1, "failed": 0}
    ((headers, body),) = got
    assert json.loads(body)["data"]["title"] == "Ferry"
    # Checked with the standard library alone, as a receiver would.
    key = b64decode(added["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    (told,) = mailer("webhooks", "deliveries", "--json").json
    assert (told["state"], told["status"], told["attempts"]) == ("delivered", 204, 1)
    assert mailer("drain", "--json").json["webhooks"] == {"delivered": 0, "failed": 0}


def test_webhooks_are_kept_by_hand(mailer: Mailer, url: str, got: _Got) -> None:
    assert "no webhooks yet" in mailer("webhooks", "list").out
    added = mailer("webhooks", "add", url)
    secret = added.out.strip()
    assert secret.startswith("whsec_")
    assert mailer("webhooks", "test", "1").code == 0
    rotated = mailer("webhooks", "rotate", "1")
    assert rotated.out.strip() != secret
    assert "test" in mailer("webhooks", "test", "1", "--json").json["event"]
    assert len(got[0][0]["webhook-signature"].split()) == 1
    assert len(got[1][0]["webhook-signature"].split()) == 2
    listed = mailer("webhooks", "list", "--json")
    assert listed.json[0]["state"] == "works"
    assert "whsec" not in listed.out
    assert mailer("webhooks", "remove", "1").code == 0
    assert mailer("webhooks", "list", "--json").json == []
    assert mailer("webhooks", "test", "1").code == 2


def test_what_is_not_taken_is_told_with_its_answer(mailer: Mailer, url: str) -> None:
    mailer("webhooks", "add", f"{url}no")
    failed = mailer("webhooks", "test", "1")
    assert failed.code == 1
    assert "answered 500" in failed.out
    assert mailer("webhooks", "list", "--json").json[0]["state"].startswith("failing since")
    assert mailer("webhooks", "deliveries", "--state", "queued", "--json").json[0]["attempts"] == 1
    assert mailer("webhooks", "enable", "1").code == 0
    assert mailer("webhooks", "retry", "--webhook", "1").out.startswith("0 given up")
    for wrong in (
        ("add", "ftp://x.example/"),
        ("add", "https://x.example/", "--event", "story.gone"),
        ("deliveries", "--state", "odd"),
        ("retry",),
        ("rotate", "9"),
    ):
        assert mailer("webhooks", *wrong).code == 2, wrong


def test_production_tells_nobody_on_this_machine(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, url: str, got: _Got
) -> None:
    mailer("webhooks", "add", url)
    monkeypatch.setenv("MAILER_ENV", "production")
    monkeypatch.setenv("MAILER_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    refused = mailer("webhooks", "test", "1")
    assert refused.code == 1
    assert "not public" in refused.out
    assert got == []
    assert mailer("webhooks", "add", url + "2").code == 2
