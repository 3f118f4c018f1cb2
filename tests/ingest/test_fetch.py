"""Fetching from real servers on loopback: what arrives, and what is refused (S12)."""

import gzip
import socket
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler

import pytest

from mailer.errors import InputError, ServiceAway
from mailer.ingest.fetch import MAX_BYTES, Fetched, fetch
from tests.ingest.web_servers import http_server, raw_server, send


def test_a_document_arrives_with_its_validators() -> None:
    seen: list[dict[str, str]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen.append(dict(request.headers))
        send(
            request, b"<rss/>", Content_Type="text/xml; charset=x", ETag='"1"', Last_Modified="Mon"
        )

    with http_server(answer) as url:
        fetched = fetch(f"{url}/feed", allow_loopback=True)
    assert fetched == Fetched(b"<rss/>", "text/xml; charset=x", '"1"', "Mon", f"{url}/feed")
    assert seen[0]["Host"] == url.removeprefix("http://")
    assert "Cookie" not in seen[0]
    assert "If-None-Match" not in seen[0]


def test_a_document_that_did_not_change_is_not_sent_again() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        assert request.headers["If-None-Match"] == 'W/"1"'
        assert request.headers["If-Modified-Since"] == "Mon"
        request.send_response(304)
        request.send_header("ETag", 'W/"2"')
        request.end_headers()

    with http_server(answer) as url:
        fetched = fetch(url, etag='W/"1"\u20ac', last_modified="Mon", allow_loopback=True)
    assert fetched == Fetched(b"", "", 'W/"2"', "Mon", url, not_modified=True)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress(b"word " * 1000), id="gzip"),
        pytest.param("deflate", zlib.compress(b"word " * 1000), id="deflate"),
        pytest.param("identity", b"word " * 1000, id="as it is"),
    ],
)
def test_a_packed_document_is_unpacked(encoding: str, packed: bytes) -> None:
    with http_server(lambda request: send(request, packed, Content_Encoding=encoding)) as url:
        assert fetch(url, allow_loopback=True).content == b"word " * 1000


@pytest.mark.parametrize(
    ("encoding", "packed", "reason"),
    [
        pytest.param("gzip", gzip.compress(bytes(200_000_000), 1), "larger than 5 MiB", id="bomb"),
        pytest.param("gzip", gzip.compress(b"") + bytes(MAX_BYTES), "larger than", id="tail"),
        pytest.param("gzip", b"no gzip", "broken gzip", id="broken"),
        pytest.param("br", b"x", "packed as 'br'", id="not asked for"),
        pytest.param("identity", bytes(MAX_BYTES + 1), "larger than 5 MiB", id="large"),
    ],
)
def test_a_body_that_is_too_much_is_refused(encoding: str, packed: bytes, reason: str) -> None:
    with (
        http_server(lambda request: send(request, packed, Content_Encoding=encoding)) as url,
        pytest.raises(InputError, match=reason),
    ):
        fetch(url, allow_loopback=True)


def test_a_body_cut_short_is_no_document() -> None:
    packed = gzip.compress(b"word " * 1000)[:-10]
    with (
        http_server(lambda request: send(request, packed, Content_Encoding="gzip")) as url,
        pytest.raises(ServiceAway, match="stopped in the middle"),
    ):
        fetch(url, allow_loopback=True)


def test_an_endless_body_is_refused_at_the_cap() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"<item/>" * 10_000)

    with raw_server(talk) as port, pytest.raises(InputError, match="larger than 5 MiB"):
        fetch(f"http://127.0.0.1:{port}/", allow_loopback=True)


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["header", "body"])
def test_a_server_that_drips_is_left_when_the_time_is_up(begin: bytes) -> None:
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(begin)
        while not over.wait(0.05):
            connection.sendall(b"x")

    begun = time.monotonic()
    with raw_server(talk) as port:
        with pytest.raises(ServiceAway, match=r"did not answer within 0\.5 s"):
            fetch(f"http://127.0.0.1:{port}/", allow_loopback=True, seconds=0.5)
        over.set()
    assert time.monotonic() - begun < 3


def test_time_is_counted_over_all_redirects() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(0.2)
        send(request, status=302, Location="/again")

    with http_server(answer) as url, pytest.raises(ServiceAway, match="did not answer within"):
        fetch(url, allow_loopback=True, seconds=0.5)


def test_redirects_are_followed_to_another_server() -> None:
    def first(request: BaseHTTPRequestHandler) -> None:
        left = int(request.path[1:])
        send(request, status=301, Location=f"/{left - 1}" if left else f"{other}/feed")

    with http_server(lambda request: send(request, b"here")) as other, http_server(first) as url:
        fetched = fetch(f"{url}/4", allow_loopback=True)
        assert (fetched.content, fetched.url) == (b"here", f"{other}/feed")
        with pytest.raises(InputError, match="redirects more than 5 times"):
            fetch(f"{url}/5", allow_loopback=True)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/",
        "http://0/", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
        "http://user:x@127.0.0.1/",
    ],
)  # fmt: skip
def test_a_redirect_to_a_forbidden_place_is_refused(target: str) -> None:
    with (
        http_server(lambda request: send(request, status=302, Location=target)) as url,
        pytest.raises(InputError, match=r"public|refused|password"),
    ):
        fetch(url, allow_loopback=True)


def test_loopback_is_refused_unless_allowed() -> None:
    with http_server(lambda request: send(request, b"secret")) as url:
        for name in ("127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"):
            with pytest.raises(InputError, match="not public"):
                fetch(url.replace("127.0.0.1", name))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InputError), (404, InputError), (410, InputError), (300, InputError), (304, InputError),
     (429, ServiceAway), (500, ServiceAway), (503, ServiceAway)],
)  # fmt: skip
def test_another_answer_than_a_document_is_an_error(status: int, error: type[Exception]) -> None:
    with (
        http_server(lambda request: send(request, status=status)) as url,
        pytest.raises(error, match=f"answered {status}"),
    ):
        fetch(url, allow_loopback=True)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(lambda request: send(request, b"direct")) as url:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert fetch(url, allow_loopback=True).content == b"direct"


def test_nobody_there_is_a_service_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServiceAway, match="does not answer"):
        fetch(f"http://127.0.0.1:{port}/", allow_loopback=True)


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 99999 x\r\n\r\n"])
def test_a_server_of_another_kind_is_a_service_away(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(said)

    with raw_server(talk) as port, pytest.raises(ServiceAway):
        fetch(f"http://127.0.0.1:{port}/", allow_loopback=True)


@pytest.mark.parametrize("url", ["", "feed.xml", "http://", "http://[", "http://a\nb/", "data:,x"])
def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises((InputError, ServiceAway)) as caught:
        fetch(url)
    assert str(caught.value).isprintable()
