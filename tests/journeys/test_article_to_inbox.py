"""In by the command line of a real process, out at a real SMTP server."""

import email
import email.policy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.delivery.sinks import SinkServer

ARTICLE = """03/09/2026, 08.15
CHINA – NORTH KOREA
Send to a friend

A second bridge over the Yalu opens to lorries

by Han Jiwoo

Twelve years after its last span was set, the bridge carried its first convoy on Monday.

Dandong (Testwire) – The first eleven lorries crossed before breakfast, loaded with flour and glass.

Customs officers said that the lanes for cars would follow in spring.

TAGs
Send to a friend
Printable version
See also
A ferry line returns after six years
21/11/2025 09:30
"""


@pytest.fixture
def sink() -> Iterator[SinkServer]:
    """A real SMTP server on loopback."""
    server = SinkServer()
    yield server
    server.stop()


def test_an_article_reaches_the_reader_who_follows_both_its_tags(
    sink: SinkServer, database_url: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "MAILER_DATABASE_URL": database_url,
        "MAILER_BACKEND": "smtp",
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
    }

    def mailer(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mailer", *words],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    (tmp_path / "article.txt").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "readers.csv").write_text(
        "email,name,timezone\nmina@reader.example,Mina,Asia/Seoul\nbo@reader.example,Bo,UTC\n",
        encoding="utf-8",
    )
    mailer("newsletters", "add", "asia", "--name", "Asia Today", "--from", "asia@news.example")
    imported = json.loads(mailer("stories", "import", "article.txt", "--json"))
    mailer("readers", "import", "readers.csv", "--confirmed", "--consent", "asked on paper")
    mailer("follow", "mina@reader.example", "asia", "china & north-korea")
    mailer("follow", "bo@reader.example", "asia", "china & !north-korea")
    sent = json.loads(mailer("send", "asia", "daily", "--wait", "--json"))
    again = json.loads(mailer("send", "asia", "daily", "--wait", "--json"))

    [story] = imported["stories"]
    assert story["tags"] == ["china", "north-korea"]
    assert story["byline"] == "Han Jiwoo"
    assert story["see_also"][0]["published_on"] == "2025-11-21"
    assert sent["counts"] == {"accepted": 1}
    assert (again["planned"], again["counts"]) == (0, {})
    [mail] = sink.mails
    assert mail.recipients == ["mina@reader.example"]
    message = email.message_from_bytes(mail.content, EmailMessage, policy=email.policy.default)
    text, html = (part.get_content() for part in message.iter_parts())
    assert "A second bridge over the Yalu opens to lorries" in text
    assert "A second bridge over the Yalu opens to lorries" in html
    assert "style=" in html
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    told = json.loads(mailer("explain", "mina@reader.example", story["uid"], "--json"))
    assert told["verdict"] == "sent"
    told = json.loads(mailer("explain", "bo@reader.example", story["uid"], "--json"))
    assert told["verdict"] == "no_match"
    assert "north-korea, which is excluded" in told["text"]
