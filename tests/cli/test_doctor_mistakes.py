"""The ten most likely mistakes of docs/operating/deployment.md: `mailer doctor` finds each."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.cli.doctor_newsroom import examine_newsroom
from mailer.settings import read_settings
from mailer.store.database import Database
from tests.cli.conftest import Mailer
from tests.delivery.sinks import SinkServer
from tests.docs.documents import CHECKOUT

PAGE = CHECKOUT / "docs" / "operating" / "deployment.md"
READER = "mina@newsroom-of-ours.net"
FOUND = {
    "a slip of the fingers": "settings: nobody reads MAILER_SMPT_URL",
    "the secret everybody knows": "secret: MAILER_SECRET_KEY is the one everybody knows",
    "links that lead nowhere": "public url: links in mails lead to https://localhost",
    "our postal address": "postal address: MAILER_POSTAL_ADDRESS is still ours",
    "a mail server that does not answer": "smtp smtp://127.0.0.1",
    "mail that leaves unsigned": "dkim: mail leaves unsigned",
    "an example as sender": "dns example.com: this domain is an example",
    "bounces that nobody reads": "bounces: MAILER_BOUNCE_ADDRESS is not set",
    "a follow without a schedule": "schedule asia: no schedule sends its weekly issue; follows",
    "all visitors behind one address": "proxies: something with TLS stands before",
}


def silent_server() -> str:
    server = SinkServer()
    server.stop()
    return f"smtp://127.0.0.1:{server.port}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_makes_all_ten_mistakes_is_told_each_with_its_mend(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mailer("newsletters", "add", "asia", "--name", "A", "--from", "a@example.com").code == 0
    Path("readers.csv").write_text(f"email\n{READER}\n", encoding="utf-8")
    consent = ("--confirmed", "--consent", "on paper")
    assert mailer("readers", "import", "readers.csv", *consent).code == 0
    assert mailer("follow", READER, "asia", "*", "--cadence", "weekly").code == 0
    for name, value in {
        "SMPT_URL": "smtp://x",
        "BACKEND": "smtp",
        "SMTP_URL": silent_server(),
        "PUBLIC_URL": "https://localhost",
    }.items():
        monkeypatch.setenv(f"MAILER_{name}", value)
    # A resolver that answers nobody: nothing here needs one.
    found = mailer("doctor", "--json", "--resolver", "127.0.0.1:1").json
    bad = {f"{one['subject']}: {one['found']}": one for one in found if one["level"] != "ok"}
    for name, says in FOUND.items():
        lines = [one for line, one in bad.items() if line.startswith(says)]
        assert len(lines) == 1, f"{name}: {list(bad)}"
        assert lines[0]["mend"], name
    assert any(line.startswith("stories: none yet") for line in bad)

    added = mailer("schedules", "add", "asia", "weekly", "--at", "07:00", "--days", "sat")
    assert added.code == 0, added.err
    database = Database.open(read_settings().database_url)
    still = [one.subject for one in examine_newsroom(database, now=datetime.now(UTC))]
    database.close()
    assert still == ["stories"]


def test_the_page_lists_the_ten() -> None:
    listed = PAGE.read_text(encoding="utf-8").partition("## The ten most likely mistakes")[2]
    assert re.findall(r"^\| ([^|`]+?) \| `", listed, re.MULTILINE) == list(FOUND)
