"""S12: nothing a stranger names makes us ask inside our network, or open a file."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mailer.errors import InputError, MailerError, ServiceAway
from mailer.ingest.documents import read_document
from mailer.ingest.fetch import fetch
from mailer.render.inline import inline
from tests.ingest.web_servers import http_server, send


def _check() -> None:
    """Name a server of ours in every way: none is asked."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        send(request, b"<rss><channel/></rss>")

    with http_server(answer) as url:
        port = url.rpartition(":")[2].rstrip("/")
        for host in ("127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "[::ffff:7f00:1]"):
            with pytest.raises((InputError, ServiceAway)):
                fetch(f"http://{host}:{port}/secret", seconds=2)
        assert asked == [], asked


def test_s12_no_address_inside_is_asked() -> None:
    _check()


def test_s12_goes_red_when_every_address_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.ingest.guard.is_allowed", lambda *_, **__: True)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _check()


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://x.example/", "gopher://x.example"])
def test_s12_only_the_web_is_fetched(scheme: str) -> None:
    with pytest.raises(InputError):
        fetch(scheme)


def test_s12_a_document_is_never_taken_for_a_path(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text("<rss><channel><item><title>secret</title></item></channel></rss>")
    for text in (str(secret), f"file://{secret}", f"<rss>{secret}</rss>"):
        try:
            document = read_document(text.encode(), name="x")
        except MailerError:
            continue
        assert "secret" not in [draft.title for draft in document.drafts]


def test_s12_css_of_a_template_fetches_nothing() -> None:
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        send(request, b".a{color:red}")

    with http_server(answer) as url:
        page = (
            f'<html><head><style>@\\69mport "{url}/a.css"; .a{{color:red}}</style></head>'
            "<body><p class=a>Text</p></body></html>"
        )
        assert "Text" in inline(page, "t")
    assert asked == []
