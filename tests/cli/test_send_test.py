"""`mailer send-test`: the very mail, to a verified operator only, and harmless in her hands."""

import email
import email.policy
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailer.bootstrap import open_installation
from mailer.core.tokens import Purpose
from mailer.errors import InputError
from mailer.settings import read_settings
from tests.cli.conftest import Mailer, Result

_OPERATOR = "olga@newsroom.test"
_AS_OF = "2026-10-22T07:00:00+09:00"


@pytest.fixture
def newsroom(seeded: Mailer, monkeypatch: pytest.MonkeyPatch) -> Mailer:
    """The seeds, an operator with a password, and mails that become files."""
    monkeypatch.setenv("MAILER_BACKEND", "maildir")
    monkeypatch.setattr(sys, "stdin", _Line("a password that is long enough\n"))
    added = seeded("operators", "add", _OPERATOR, "--name", "Olga", "--password-stdin")
    assert added.code == 0, added.err
    return seeded


class _Line:
    def __init__(self, text: str) -> None:
        self._text = text

    def readline(self, size: int = -1) -> str:
        return self._text

    def read(self, size: int = -1) -> str:
        return self._text

    def isatty(self) -> bool:
        return False


def _reader(mailer: Mailer) -> str:
    plan = mailer("plan", "asia-daily", "daily", "--as-of", _AS_OF, "--json").json
    return str(plan["mails"][0]["email"])


def _send(mailer: Mailer, to: str = _OPERATOR) -> Result:
    reader = _reader(mailer)
    return mailer(
        *("send-test", "asia-daily", "daily", "--reader", reader, "--to", to),
        *("--as-of", _AS_OF, "--json"),
    )


def _mails() -> list[EmailMessage]:
    files = sorted(Path("mail/new").iterdir()) if Path("mail/new").is_dir() else []
    return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_operator_gets_the_very_mail_marked_as_a_preview(newsroom: Mailer) -> None:
    sent = _send(newsroom)
    assert sent.code == 0, sent.err
    (message,) = _mails()
    assert str(message["To"]) == f"Olga <{_OPERATOR}>"
    assert str(message["Subject"]) == sent.json["subject"]
    assert sent.json["subject"].startswith("[Preview] ")
    assert sent.json["message_id"] == str(message["Message-ID"])
    reader = _reader(newsroom)
    previewed = newsroom(
        *("preview", "asia-daily", "daily", "--reader", reader, "--as-of", _AS_OF),
        *("--part", "text"),
    )
    assert _words(_text(message)) == _words(previewed.out)
    assert len(_words(previewed.out)) > 20


def _words(text: str) -> list[str]:
    """All lines but those with a link, which are signed with another secret."""
    return [line.strip() for line in text.splitlines() if line.strip() and "http" not in line]


def test_the_ledger_is_not_touched_and_the_audit_log_has_it(newsroom: Mailer) -> None:
    assert _send(newsroom).code == 0
    assert newsroom("deliveries", "list", "--json").json == []
    assert newsroom("runs", "list", "--json").json == []
    entries = newsroom("audit", "list", "--json").json
    assert any(entry["action"] == "test sent" for entry in entries)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_link_of_a_test_is_signed_with_our_secret(newsroom: Mailer) -> None:
    _send(newsroom)
    (message,) = _mails()
    token = str(message["List-Unsubscribe"]).rpartition("/")[2].rstrip(">")
    room = open_installation(read_settings())
    try:
        for purpose in Purpose:
            with pytest.raises(InputError):
                room.desk.signer.read(purpose, token)
    finally:
        room.close()


def test_nobody_else_gets_a_test(newsroom: Mailer) -> None:
    stranger = _send(newsroom, "stranger@elsewhere.test")
    assert stranger.code == 2
    assert "no operator" in stranger.err
    assert newsroom("operators", "add", "new@newsroom.test", "--role", "viewer").code == 0
    unverified = _send(newsroom, "new@newsroom.test")
    assert unverified.code == 2
    assert "no verified operator" in unverified.err
    assert _mails() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_takes_nothing_is_told(
    newsroom: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_BACKEND", "smtp")
    monkeypatch.setenv("MAILER_SMTP_URL", "smtp://127.0.0.1:1")
    sent = _send(newsroom)
    assert sent.code == 3
    assert sent.json["outcome"] == "deferred"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_with_nothing_new_is_told(newsroom: Mailer) -> None:
    silent = newsroom(
        *("send-test", "asia-daily", "daily", "--reader", _reader(newsroom), "--to", _OPERATOR),
        *("--as-of", "2020-01-01T00:00:00Z"),
    )
    assert silent.code == 1
    assert "would get no mail" in silent.out
