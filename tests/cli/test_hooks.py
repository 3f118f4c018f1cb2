"""`mailer hooks` and what doctor says about them."""

import pytest

from mailer.core.hooks import Provider, Refusal
from mailer.store.database import Database
from mailer.store.hooks import note_refusal
from mailer.store.webhooks import disable_webhook
from tests.builders import NOON
from tests.cli.conftest import Mailer


def test_the_hooks_are_listed_with_their_addresses(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_HOOK_MAILGUN_KEY", "key-1")
    monkeypatch.setenv("MAILER_PUBLIC_URL", "https://mail.news.example")
    found = mailer("hooks", "list", "--json").json
    assert [one["provider"] for one in found] == list(Provider)
    assert [one["set_up"] for one in found] == [False, False, False, True]
    assert found[3]["url"] == "https://mail.news.example/hooks/mailgun"
    assert "key-1" not in mailer("hooks", "list").out


def test_refused_calls_are_listed(mailer: Mailer, database_url: str) -> None:
    assert "no call of a hook was refused" in mailer("hooks", "refused").out
    database = Database.open(database_url)
    for _ in range(2):
        with database.write() as connection:
            note_refusal(connection, Provider.SES, Refusal.FORGED, "192.0.2.9", NOON)
    database.close()
    (row,) = mailer("hooks", "refused", "--json").json
    assert (row["provider"], row["client"], row["count"]) == ("ses", "192.0.2.9", 2)
    assert row["reason"] == Refusal.FORGED
    assert "192.0.2.9" in mailer("hooks", "refused").out


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("HOOK_SES_TOPICS", "bounces", "names 'bounces', which is no topic"),
        ("HOOK_SES_CERTIFICATE", "PEM", "is no valid certificate"),
        ("HOOK_POSTMARK", "secret", "lacks a colon"),
        ("HOOK_SENDGRID_KEY", "MFkw", "MAILER_HOOK_SENDGRID_KEY is no public key"),
        ("HOOK_MAILGUN_KEY", "key-1", "/hooks/mailgun takes signed notices"),
    ],
)
def test_doctor_finds_what_cannot_prove_anything(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str
) -> None:
    monkeypatch.setenv(f"MAILER_{name}", value)
    assert found in mailer_alone("doctor").out


def test_doctor_misses_the_hook_of_the_service_mail_leaves_by(
    mailer_alone: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_BACKEND", "smtp")
    monkeypatch.setenv("MAILER_SMTP_URL", "smtp://email-smtp.eu-west-1.amazonaws.com.invalid:25")
    out = mailer_alone("doctor").out
    assert "warn hook ses: mail leaves by ses" in out
    assert "set MAILER_HOOK_SES_TOPICS" in out
    assert "hook mailgun" not in out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doctor_tells_of_webhooks_that_hear_nothing(mailer: Mailer, database_url: str) -> None:
    mailer("webhooks", "add", "https://cms.example/hook")
    assert "ok   webhook 1: https://cms.example/hook is told of" in mailer("doctor").out
    database = Database.open(database_url)
    with database.write() as connection:
        disable_webhook(connection, 1, "it answered 410: gone", NOON)
    database.close()
    out = mailer("doctor").out
    assert "warn webhook 1: https://cms.example/hook is told nothing: it answered 410: gone" in out
    assert "mailer webhooks enable 1" in out
