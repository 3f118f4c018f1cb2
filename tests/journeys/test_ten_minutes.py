"""docs/start.md as a stranger would walk it: from a feed to her inbox, and out again."""

import email
import email.policy
import re
import shutil
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from lxml import html

from tests.cli.conftest import caller
from tests.delivery.sinks import SinkServer
from tests.docs.documents import CHECKOUT, blocks_of
from tests.docs.walks import Walk
from tests.journeys.processes import Processes, wait_until

PAGE = CHECKOUT / "docs" / "start.md"
ME = "you@example.com"


@pytest.fixture
def sink() -> Iterator[SinkServer]:
    """The mail account in the place of the page's."""
    server = SinkServer()
    yield server
    server.stop()


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())


def post(address: str, fields: list[tuple[str, str]]) -> str:
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(address, body, timeout=30) as answer:
        return str(answer.read().decode())


def newest(sink: SinkServer) -> EmailMessage:
    mail = sink.mails[-1]
    assert mail.recipients == [ME]
    return email.message_from_bytes(mail.content, EmailMessage, policy=email.policy.default)


def test_a_stranger_walks_from_a_feed_to_her_inbox(
    sink: SinkServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    migrated_sqlite: Path,
) -> None:
    shutil.copyfile(migrated_sqlite, tmp_path / "mailer.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = f"http://localhost:{port}"
    monkeypatch.setenv("MAILER_PUBLIC_URL", site)
    monkeypatch.chdir(tmp_path)
    mine = {"MAILER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}"}
    walk = Walk(caller(monkeypatch), tmp_path, monkeypatch, mine)
    blocks = blocks_of(PAGE)
    (starts,) = (index for index, block in enumerate(blocks) if block.ready_path)
    for block in blocks[:starts]:
        walk.take(block)
    (up,) = blocks[starts].steps
    processes = Processes({}, tmp_path)
    processes.start(*up.words[1:], "--port", str(port))
    try:
        wait_until(lambda: answers(site + blocks[starts].ready_path), seconds=60, what="mailer up")
        subscribe(site, sink)
        for block in blocks[starts + 1 :]:
            walk.take(block)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{processes.logs()}") from error
    finally:
        processes.end()
    assert walk.count >= 7
    # `mailer up` was killed with its connection open; the command that sent the issue was not.
    assert sink.quit_count == 1


def answers(address: str) -> bool:
    try:
        return bool(get(address))
    except OSError:
        return False


def subscribe(site: str, sink: SinkServer) -> None:
    """Fill in the form, press the button of the mail, and be welcome."""
    page = html.fromstring(get(f"{site}/"))
    form = next(each for each in page.forms if (each.action or "").endswith("/subscribe"))
    form.fields["email"] = ME
    fields = [(k, v) for k, v in form.form_values() if k not in ("tag", "cadence", "match")]
    fields += [("tag", "china"), ("match", "any"), ("cadence", "daily")]

    def is_asked() -> bool:
        # Who answers a form faster than any person is asked to press the button once more.
        post(f"{site}/subscribe", fields)
        return bool(sink.mails)

    wait_until(is_asked, seconds=30, what="the mail that asks to confirm")
    body = newest(sink).get_body(("plain",))
    assert body is not None
    (link,) = set(re.findall(rf"{site}/confirm/[\w.~-]+", body.get_content()))
    count = len(sink.mails)
    page = html.fromstring(get(link))
    (button,) = (each for each in page.forms if "confirm" in (each.action or link))
    post(link, list(button.form_values()))
    wait_until(lambda: len(sink.mails) > count, seconds=30, what="the welcome")
