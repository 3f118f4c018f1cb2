"""The desk and the API refuse to send what a broken template would spoil, and say where it is."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.core.api_keys import Scope
from mailer.core.operators import Role
from mailer.delivery.memory import MemoryBackend
from mailer.flows.drain_ledger import drain_ledger
from mailer.store.runs import list_runs
from mailer.web.application import make_app
from tests.web.conftest import Opener
from tests.web.desk_browser import Browser, staffed
from tests.web.test_api import key_for, slug_of

HEAD = '{% extends "_base/base.html" %}\n{% block stories %}\n'
BROKEN = f"{HEAD}{{{{ mail.storys }}}}\n{{% endblock %}}\n"
SLOW = (
    f"{HEAD}{{% for i in mail.items %}}<tr><td class=\"{{{{ loop.cycle('a', 'b') }}}}\">"
    "{{ i.title }}</td></tr>{% endfor %}{% endblock %}\n"
)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """The digest's HTML of an installation with templates of its own."""
    path = tmp_path / "own" / "email" / "digest" / "body.html"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def room(open_room: Opener, body: Path) -> Installation:
    """The seeds, with that folder."""
    return open_room(templates=body.parents[2])


def api_of(room: Installation) -> TestClient:
    headers = key_for(room, *Scope)
    return TestClient(make_app(room), base_url="https://news.example/api/v1", headers=headers)


def run_count(room: Installation) -> int:
    with room.desk.database.read() as connection:
        return len(list_runs(connection, 9))


def test_the_api_opens_no_run_of_a_broken_template(room: Installation, body: Path) -> None:
    body.write_text(BROKEN)
    answer = api_of(room).post("/runs", json={"newsletter": slug_of(room), "cadence": "daily"})
    assert answer.status_code == 422
    assert f"template {body}, line 3: no 'storys' here" in answer.json()["detail"]
    assert run_count(room) == 0


def test_the_desk_neither_sends_nor_drafts_a_broken_template(
    room: Installation, body: Path
) -> None:
    body.write_text(BROKEN)
    browser = Browser(staffed(room), Role.ADMIN)
    wanted = {"newsletter": slug_of(room), "cadence": "daily"}
    said = f"{body}, line 3: no 'storys' here"
    assert said in browser.post("/operate/runs", 422, **wanted).replace("&#39;", "'")
    dry = f"/operate/runs/dry?newsletter={wanted['newsletter']}&cadence=daily"
    assert said in browser.get(dry, 422).replace("&#39;", "'")
    assert run_count(room) == 0


def test_the_api_says_why_mails_of_a_run_could_not_be_compiled(
    room: Installation, body: Path
) -> None:
    body.write_text(SLOW)
    api = api_of(room)
    run = api.post("/runs", json={"newsletter": slug_of(room), "cadence": "daily"}).json()
    drain_ledger(room.desk, MemoryBackend(), clock=room.clock)
    shown = api.get(f"/runs/{run['id']}").json()
    assert shown["counts"]["accepted"] > 0
    assert {row["format"] for row in shown["plain"]} == {"html"}
    assert all("loop.cycle" in row["reason"] for row in shown["plain"])
    assert f"{body}, line 3" in shown["plain"][0]["reason"]
