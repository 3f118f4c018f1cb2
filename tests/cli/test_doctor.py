"""`mailer doctor`: each likely mistake is found with its mend, and none when all is well."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailer.delivery.dkim_keys import new_dkim_key, read_dkim_keys
from tests.cli.conftest import Mailer
from tests.delivery.certificates import make_certificates
from tests.delivery.name_server import Zone, name_server
from tests.delivery.sinks import SinkServer
from tests.servers.postgres import PostgresServer

_FROM = "news@newsroom-of-ours.net"
_DOMAIN = "newsroom-of-ours.net"


@pytest.fixture
def good(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, redis_url: str
) -> Iterator[Mailer]:
    """An installation with everything right: TLS, login, DKIM, DNS, PostgreSQL or SQLite, Redis."""
    certificates = make_certificates(tmp_path)
    sink = SinkServer(starttls=certificates.context(), login=("user", "password"))
    pem = new_dkim_key(ed25519=True)
    key_file = tmp_path / "dkim.pem"
    key_file.write_text(pem)
    key_file.chmod(0o600)
    (key,) = read_dkim_keys("s1", pem)
    zone: Zone = {
        (_DOMAIN, "TXT"): ['"v=spf1 ip4:192.0.2.1 -all"'],
        (f"s1._domainkey.{_DOMAIN}", "TXT"): [f'"{key.record}"'],
        (f"_dmarc.{_DOMAIN}", "TXT"): ['"v=DMARC1; p=none"'],
        (_DOMAIN, "MX"): [f"10 mx.{_DOMAIN}."],
    }
    values = {
        "ENV": "production",
        "BACKEND": "smtp",
        "SMTP_URL": f"smtp+starttls://user:password@127.0.0.1:{sink.port}",
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "PUBLIC_URL": "https://mail.newsroom-of-ours.net",
        "TRUSTED_PROXIES": "1",
        "SITE_NAME": "Our Newsroom",
        "POSTAL_ADDRESS": "Our Newsroom, 5 Real Street, Real City",
        "BOUNCE_ADDRESS": f"bounces@{_DOMAIN}",
        "BROKER_URL": redis_url,
        "DKIM_DOMAIN": _DOMAIN,
        "DKIM_SELECTOR": "s1",
        "DKIM_KEY_FILE": str(key_file),
        "EPOCH_FILE": str(key_file.with_name("epoch")),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MAILER_{name}", value)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    added = mailer("newsletters", "add", "asia", "--name", "Asia", "--from", _FROM)
    assert added.code == 0, added.err
    assert mailer("stories", "add", "--uid", "u1", "--title", "Harbour opens").code == 0
    with name_server(zone) as server:
        yield lambda *words: mailer(*words, *(["--resolver", server] if words == _DOCTOR else []))
    sink.stop()


_DOCTOR = ("doctor", "--json")


def _bad(found: list[dict[str, Any]]) -> dict[str, str]:
    return {
        one["subject"].partition(" ")[0] if one["subject"] != "public url" else "public url": (
            f"{one['level']}: {one['found']}"
        )
        for one in found
        if one["level"] != "ok"
    }


def test_an_installation_that_is_right_has_nothing_to_mend(good: Mailer) -> None:
    result = good(*_DOCTOR)
    # The certificate of the test ends tomorrow.
    left = {subject: said for subject, said in _bad(result.json).items() if "ends on" not in said}
    assert left == {}
    assert result.code == 0
    subjects = {one["subject"].partition(" ")[0] for one in result.json}
    wanted = {"settings", "secret", "public", "database", "schema", "broker", "smtp", "backend"}
    assert wanted | {"spf", "dkim", "dmarc", "dns", "templates"} <= subjects


@pytest.mark.parametrize(
    ("settings", "subject", "says", "code"),
    [
        ({"SMPT_URL": "smtp://x"}, "settings", "warn: nobody reads MAILER_SMPT_URL", 0),
        ({"SECRET_KEY": "short"}, "secret", "warn: MAILER_SECRET_KEY has 5", 0),
        ({"PUBLIC_URL": "http://mail.newsroom-of-ours.net"}, "public url", "fail: http://", 1),
        ({"PUBLIC_URL": "https://localhost"}, "public url", "fail: links in mails lead", 1),
        ({"POSTAL_ADDRESS": ""}, "postal", "", 0),
        ({"TRUSTED_PROXIES": "0"}, "proxies", "warn: something with TLS stands before", 0),
        ({"ALLOW_RECIPIENTS": "*@a.test"}, "recipients", "warn: MAILER_ALLOW_RECIPIENTS has", 0),
        ({"BROKER_URL": "redis://127.0.0.1:1/0"}, "broker", "fail: does not answer", 3),
        ({"SMTP_URL": "smtp://127.0.0.1:1"}, "smtp", "fail: smtp://127.0.0.1:1 cannot be", 3),
        ({"DKIM_SELECTOR": "s2"}, "dkim", "fail: no key in DNS", 1),
        ({"DKIM_DOMAIN": "another.net"}, "dkim", "fail: MAILER_DKIM_DOMAIN (another.net)", 1),
        ({"SENDER_ADDRESS": "desk@another.net"}, "dkim", "fail: MAILER_DKIM_DOMAIN", 1),
        ({"BACKEND": "memory"}, "backend", "warn: 'memory' keeps all mail on this machine", 0),
        ({"TEMPLATES": "templates"}, "templates", "fail: ", 1),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mistake_is_found_with_its_mend(
    *,
    good: Mailer,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    subject: str,
    says: str,
    code: int,
) -> None:
    broken = Path("templates/email/digest")
    broken.mkdir(parents=True)
    (broken / "body.html").write_text("{% if %}")
    for name, value in settings.items():
        monkeypatch.setenv(f"MAILER_{name}", value)
    if settings == {"POSTAL_ADDRESS": ""}:
        monkeypatch.delenv("MAILER_POSTAL_ADDRESS")
        says, code = "fail: MAILER_POSTAL_ADDRESS is still ours", 1
    result = good(*_DOCTOR)
    assert _bad(result.json)[subject].startswith(says), result.out
    assert result.code == code
    assert all(one["mend"] for one in result.json if one["level"] != "ok")
    assert "password" not in result.out.replace("user and password", "")


def test_settings_that_cannot_be_read_are_a_line_too(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_ENV", "production")
    (only,) = mailer(*_DOCTOR).json
    assert only["level"] == "fail"
    assert "MAILER_SECRET_KEY" in only["found"]


def test_a_database_that_is_old_or_away_is_found(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer
) -> None:
    url = postgres.create()
    monkeypatch.setenv("MAILER_DATABASE_URL", url)
    old = mailer(*_DOCTOR)
    assert old.code == 1
    assert _bad(old.json)["schema"].startswith("fail: the database is empty")
    postgres.drop(url)
    away = mailer(*_DOCTOR)
    assert away.code == 3
    assert _bad(away.json)["database"].startswith("fail: the database does not answer")


def test_looking_at_a_database_that_is_not_there_makes_none(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_DATABASE_URL", "sqlite:///none.db")
    assert mailer("doctor").code == 0
    assert not Path("none.db").exists()


def test_a_file_of_secrets_that_all_may_read_is_found(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("secret").write_text("0123456789abcdef0123456789abcdef")
    Path("secret").chmod(0o644)
    monkeypatch.setenv("MAILER_SECRET_KEY_FILE", "secret")
    assert "everybody on this machine may read secret" in mailer("doctor").out
    Path("secret").chmod(0o600)
    assert "everybody on this machine" not in mailer("doctor").out


def test_people_read_a_line_each_with_the_mend_below(mailer: Mailer) -> None:
    result = mailer("doctor")
    assert "ok   settings: development, backend memory" in result.out
    assert "warn secret: " in result.out
    assert "      mend: " in result.out
