"""`mailer dkim …`: from no key to signed mail."""

from pathlib import Path

import pytest

from mailer.bootstrap import open_installation
from mailer.ports import Accepted
from mailer.settings import read_settings
from tests.cli.conftest import Mailer
from tests.delivery.messages import a_message

_AS_OF = "2026-10-22T07:00:00+09:00"
_MINA = "mina.park@example.org"


@pytest.mark.parametrize("kind", [(), ("--ed25519",)], ids=["rsa", "ed25519"])
def test_a_new_key_is_private_and_signs_with_the_settings_it_prints(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, kind: tuple[str, ...]
) -> None:
    made = mailer("dkim", "new", "s2026a", "--domain", "news.test", *kind)
    assert made.code == 0
    assert Path("dkim.pem").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in made.out
    for line in made.out.splitlines():
        name, _, value = line.strip().partition("=")
        if name.startswith("MAILER_"):
            monkeypatch.setenv(name, value)
    (shown,) = mailer("dkim", "show", "--json").json
    assert shown["name"] == "s2026a._domainkey.news.test"
    assert shown["record"][:200] in made.out
    monkeypatch.setenv("MAILER_BACKEND", "maildir")
    room = open_installation(read_settings())
    (outcome,) = room.open_backend().send([a_message()])
    room.close()
    assert isinstance(outcome, Accepted)
    (file,) = Path("mail/new").iterdir()
    assert file.read_bytes().startswith(b"DKIM-Signature: v=1; a=")


def test_a_delivery_is_shown_with_the_signature_that_was_sent(
    seeded: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded("dkim", "new", "s2026a", "--domain", "meridian.example", "--ed25519")
    monkeypatch.setenv("MAILER_BACKEND", "maildir")
    monkeypatch.setenv("MAILER_DKIM_DOMAIN", "meridian.example")
    monkeypatch.setenv("MAILER_DKIM_SELECTOR", "s2026a")
    monkeypatch.setenv("MAILER_DKIM_KEY_FILE", "dkim.pem")
    seeded("send", "asia-daily", "daily", "--as-of", _AS_OF)
    (row,) = seeded("deliveries", "list", "--reader", _MINA, "--json").json

    shown = seeded("deliveries", "show", str(row["id"]), "--json")

    sent = {file.read_bytes().replace(b"\n", b"\r\n") for file in Path("mail/new").iterdir()}
    assert shown.json["source"].encode() in sent
    assert shown.json["source"].startswith("DKIM-Signature: v=1; a=ed25519-sha256;")
    assert "signed again with the keys of today (s2026a)" in shown.err
    monkeypatch.setenv("MAILER_DKIM_DOMAIN", "elsewhere.example")
    unsigned = seeded("deliveries", "show", str(row["id"]), "--json")
    assert not unsigned.json["source"].startswith("DKIM-Signature")
    assert "unsigned: " in unsigned.err


def test_a_key_in_use_is_never_overwritten(mailer: Mailer) -> None:
    Path("dkim.pem").write_text("in use")
    again = mailer("dkim", "new", "s1", "--domain", "news.test", "--ed25519")
    assert again.code == 2
    assert "exists" in again.err
    assert Path("dkim.pem").read_text() == "in use"


def test_without_a_key_show_says_how_to_make_one(mailer: Mailer) -> None:
    assert "mailer dkim new" in mailer("dkim", "show").out
    assert mailer("dkim", "show", "--json").json == []


def test_half_a_setting_stops_every_command_with_the_mend(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_DKIM_DOMAIN", "news.test")
    refused = mailer("runs", "list")
    assert refused.code == 2
    assert "MAILER_DKIM_SELECTOR" in refused.err
