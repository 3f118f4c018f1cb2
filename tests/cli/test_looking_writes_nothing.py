"""Whoever looks at mails leaves every row of every table as it was, on both databases."""

import sys
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from mailer.bootstrap import Installation, open_installation
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.flows.deliver_run import deliver_run
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.settings import read_settings
from mailer.web.application import make_app
from tests.cli.conftest import Mailer
from tests.cli.test_send_test import _Line
from tests.web.snapshots import changed, everything

MINA = "mina.park@example.org"
AS_OF = "2026-10-22T07:00:00+09:00"
HERS = ("asia-daily", "daily", "--reader", MINA, "--as-of", AS_OF)
OPERATOR = "olga@newsroom.test"


@pytest.fixture
def room(seeded: Mailer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The seeds, a verified operator, and alerts that have left."""
    monkeypatch.setenv("MAILER_PUBLIC_URL", "https://news.example")
    monkeypatch.setattr(sys, "stdin", _Line("a password that is long enough\n"))
    assert seeded("operators", "add", OPERATOR, "--password-stdin").code == 0
    opened = open_installation(read_settings())
    now, database = datetime.fromisoformat(AS_OF), opened.desk.database
    alerts = open_run(database, "asia-daily", Cadence.INSTANT, as_of=now, now=now)
    plan_run(opened.desk, alerts.run_id, now=now)
    deliver_run(opened.desk, MemoryBackend(), clock=lambda: now, run_id=alerts.run_id)
    yield opened
    opened.close()


def test_looking_at_mails_writes_no_row(seeded: Mailer, room: Installation) -> None:
    before = everything(room)
    assert len(before["deliveries"]) > 0
    for words in (
        ("preview", *HERS),
        ("preview", *HERS, "--out", "hers.eml"),
        ("preview", "asia-daily", "instant", "--reader", MINA, "--as-of", AS_OF),
        ("lint", "alert"),
        ("lint", "hers.eml"),
        ("templates", "check", "alert"),
    ):
        result = seeded(*words)
        assert result.code == 0, f"{words}: {result.err}"
        assert changed(room, before) == set(), words

    hers = {"newsletter": "asia-daily", "cadence": "daily", "reader": MINA, "as_of": AS_OF}
    with TestClient(make_app(room), base_url="https://news.example") as client:
        caught = client.get("/dev/mailbox").text
        number = caught.partition('href="/dev/mailbox/')[2].partition('"')[0]
        assert number
        pages = [f"preview?{urlencode(hers | {'pane': pane})}" for pane in ("look", "why")]
        pages += [f"preview/{part}?{urlencode(hers)}" for part in ("frame", "source", "verdict")]
        pages += ["preview?mail=welcome", "preview/changes?seen=none"]
        pages += [f"mailbox/{number}", f"mailbox/{number}/frame", f"mailbox/{number}/source"]
        for page in pages:
            assert client.get(f"/dev/{page}").status_code == 200, page
            assert changed(room, before) == set(), page

    assert seeded("send-test", *HERS, "--to", OPERATOR).code == 0
    # A mail has left to an operator: that is on record, and the readers' ledger is as it was.
    assert changed(room, before) == {"audit_log"}
    assert len(everything(room)["audit_log"]) == len(before["audit_log"]) + 1
