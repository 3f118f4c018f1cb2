"""The socket the pages are served on."""

import http.client
import socket
from urllib.parse import urlencode

import pytest

from mailer.bootstrap import Installation
from mailer.web.serving import serving
from tests.web.desk_browser import PASSWORD, staffed


def test_no_answer_waits_for_the_acknowledgement_of_its_headers(
    room: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = []
    accept = socket.socket.accept

    def watched(listener: socket.socket) -> tuple[socket.socket, object]:
        connection, peer = accept(listener)
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return connection, peer

    monkeypatch.setattr(socket.socket, "accept", watched)
    with serving(room, "127.0.0.1", 0) as address:
        host, _, port = address.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as visitor:
            visitor.sendall(b"GET /healthz HTTP/1.1\r\nHost: news.example\r\n\r\n")
            assert visitor.recv(100).startswith(b"HTTP/1.1 200")
    assert options == [1]


def test_an_open_dashboard_does_not_keep_the_server(
    room: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    staffed(room)
    with serving(room, "127.0.0.1", 0) as address:
        host = address.removeprefix("http://")
        visitor = http.client.HTTPConnection(host, timeout=10)
        form = urlencode({"email": "viewer@news.example", "password": PASSWORD})
        kind = "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Origin": f"http://{host}"}
        visitor.request("POST", "/operate/sign-in", form, headers)
        let_in = visitor.getresponse()
        let_in.read()
        cookie = (let_in.getheader("Set-Cookie") or "").partition(";")[0]
        visitor.request("GET", "/operate/live", headers={"Cookie": cookie})
        stream = visitor.getresponse()
        assert stream.readline() == b"event: live\n"
    assert stream.read().endswith(b"\n\n"), "the stream ended between two events"
    assert "graceful shutdown exceeded" not in caplog.text
    visitor.close()
