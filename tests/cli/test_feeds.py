"""`mailer feeds …` by hand."""

import functools
from http.server import BaseHTTPRequestHandler

import pytest

from mailer.flows import poll_feeds
from mailer.ingest.fetch import fetch
from tests.cli.conftest import Mailer
from tests.ingest.web_servers import http_server, send

LINE = b'{"uid": "u1", "title": "Harbour opens", "tags": ["japan"]}\n'


def test_a_feed_from_add_to_remove(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    status = [200]

    def answer(request: BaseHTTPRequestHandler) -> None:
        send(request, LINE, status[0], Content_Type="application/jsonl")

    allowed = functools.partial(fetch, allow_loopback=True)
    monkeypatch.setattr(poll_feeds.FeedPoller.__init__, "__defaults__", (allowed,))
    with http_server(answer) as url:
        added = mailer("feeds", "add", url, "--tag", "wire", "--every", "1h", "--json")
        assert (added.code, added.json[0]["new"]) == (0, 1)
        assert mailer("feeds", "poll").out.startswith(f"{url}: 0 new, 0 updated, 1 unchanged")
        assert "no feed to look at" in mailer("feeds", "poll", "--due").out
        status[0] = 503
        failed = mailer("feeds", "poll", url)
        assert failed.code == 1
        assert "answered 503" in failed.err
        (listed,) = mailer("feeds", "list", "--json").json
        assert (listed["every_seconds"], listed["failures"], listed["tags"]) == (3600, 1, ["wire"])
        assert "answered 503" in listed["last_error"]
        assert mailer("feeds", "remove", url).code == 0
        assert mailer("feeds", "remove", url).code == 2
    assert "no feeds yet" in mailer("feeds", "list").out
    assert mailer("stories", "show", "u1").code == 0


def test_an_address_inside_our_network_is_refused(mailer: Mailer) -> None:
    refused = mailer("feeds", "add", "http://127.0.0.1:1/feed.xml")
    assert refused.code == 2
    assert mailer("feeds", "list", "--json").json == []
