"""`mailer accept-restore`, as an operator meets it after a restore."""

from pathlib import Path

import pytest

from mailer.bootstrap import epoch_file
from mailer.settings import Environment, Settings
from tests.cli.conftest import Mailer

SEND = ("send", "asia-daily", "daily", "--wait")


def test_a_clone_sends_nothing_before_it_is_accepted(
    seeded: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "MAILER_EPOCH_FILE" in seeded("accept-restore").err
    monkeypatch.setenv("MAILER_EPOCH_FILE", str(tmp_path / "epoch"))
    assert seeded("drain").code == 0
    assert "nothing to accept" in seeded("accept-restore").out
    (tmp_path / "epoch").unlink()
    for words in (SEND, ("drain",)):
        refused = seeded(*words)
        assert refused.code == 2
        assert "accept-restore" in refused.err
    assert seeded("runs", "list", "--json").json == []
    findings = {one["subject"]: one["level"] for one in seeded("doctor", "--json").json}
    assert findings["restore guard"] == "fail"
    assert seeded("accept-restore", "--json").json["accepted"] is True
    assert seeded("drain").code == 0


def test_the_guard_watches_by_itself_in_production_beside_sqlite(tmp_path: Path) -> None:
    def path(**values: object) -> Path | None:
        real = {"env": Environment.PRODUCTION, "secret_key": "x" * 32, "backend": "maildir"}
        return epoch_file(Settings(**(real | values)))  # type: ignore[arg-type]  # pydantic converts

    assert path(database_url="sqlite:////var/lib/mailer.db") == Path("/var/lib/mailer.db.epoch")
    assert path(database_url="postgresql://localhost/mailer") is None
    assert path(database_url="postgresql://h/m", epoch_file="/e/poch") == Path("/e/poch")
    assert path(env=Environment.DEVELOPMENT) is None
