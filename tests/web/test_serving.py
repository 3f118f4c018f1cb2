"""The socket the pages are served on."""

import socket

import pytest

from mailer.bootstrap import Installation
from mailer.web.serving import serving


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
