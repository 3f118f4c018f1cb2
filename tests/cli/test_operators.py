"""`mailer operators`, `keys` and `audit`, as typed."""

import io

import pytest

from mailer.core.operators import Role
from mailer.errors import InputError
from mailer.flows.add_first_admin import add_first_admin
from mailer.store.audit import list_changes
from mailer.store.database import Database
from mailer.store.operators import list_operators
from tests.builders import NOON
from tests.cli.conftest import Mailer


def test_the_first_operator_is_an_admin_with_a_one_time_link(mailer: Mailer) -> None:
    added = mailer("operators", "add", "mina@news.example", "--json").json
    assert added["role"] == "admin"
    assert added["verified"] is False
    assert added["link"].startswith("http://localhost:8000/operate/welcome/")
    assert mailer("operators", "add", "jun@news.example", "--role", "boss").code == 2
    assert mailer("operators", "add", "jun@news.example", "--role", "editor").code == 0
    listed = mailer("operators", "list", "--json").json
    assert [(o["email"], o["role"]) for o in listed] == [
        ("jun@news.example", "editor"),
        ("mina@news.example", "admin"),
    ]


def test_a_password_comes_from_stdin_and_is_not_printed(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    result = mailer("operators", "add", "mina@news.example", "--password-stdin", "--json")
    assert result.json["verified"] is True
    assert result.json["link"] is None
    assert "horse" not in result.out + result.err


def test_an_operator_is_edited_and_ended(mailer: Mailer) -> None:
    mailer("operators", "add", "mina@news.example")
    mailer("operators", "add", "jun@news.example")
    edited = mailer("operators", "edit", "jun@news.example", "--role", "operator", "--json")
    assert edited.json["role"] == "operator"
    assert "is the only admin" in mailer("operators", "end", "mina@news.example").err
    assert mailer("operators", "end", "jun@news.example").code == 0
    assert mailer("operators", "list", "--json").json[0]["ended_at"] is not None


def test_a_key_is_shown_once_and_revoked(mailer: Mailer) -> None:
    added = mailer("keys", "add", "cms", "--scope", "stories:write,runs:read", "--json").json
    assert added["key"].startswith(added["hint"])
    assert added["scopes"] == ["runs:read", "stories:write"]
    assert mailer("keys", "add", "cms", "--scope", "stories:read").code == 2
    assert mailer("keys", "add", "x", "--scope", "all").code == 2
    listed = mailer("keys", "list", "--json")
    assert added["key"] not in listed.out
    assert mailer("keys", "revoke", "cms").code == 0
    assert mailer("keys", "revoke", "cms").code == 0
    assert mailer("keys", "revoke", "other").code == 2
    assert mailer("keys", "list", "--json").json[0]["revoked_at"] is not None


def test_the_audit_log_says_who_did_what(mailer: Mailer) -> None:
    assert mailer("audit", "list").out == "nothing was changed yet\n"
    mailer("keys", "add", "cms", "--scope", "stories:write")
    mailer("keys", "revoke", "cms")
    found = mailer("audit", "list", "--about", "key cms", "--json").json
    assert [(e["actor"], e["action"]) for e in found] == [
        ("command line", "key revoked"),
        ("command line", "key added"),
    ]


def test_the_first_admin_comes_from_the_environment_and_only_the_first(
    database: Database,
) -> None:
    password = "a long enough password"
    with pytest.raises(InputError, match="needs MAILER_ADMIN_PASSWORD"):
        add_first_admin(database, "boss@news.example", "", now=NOON)
    with pytest.raises(InputError, match="too short"):
        add_first_admin(database, "boss@news.example", "short", now=NOON)
    assert not add_first_admin(database, "", "", now=NOON)
    assert add_first_admin(database, "boss@news.example", password, now=NOON)
    assert not add_first_admin(database, "boss@news.example", password + "2", now=NOON)
    assert not add_first_admin(database, "other@news.example", password, now=NOON)
    with database.read() as connection:
        [boss] = list_operators(connection)
        [change] = list_changes(connection)
    assert (boss.email, boss.role) == ("boss@news.example", Role.ADMIN)
    assert (change.actor, password in change.detail) == ("environment", False)
