"""`mailer suppressions …`."""

from tests.cli.conftest import Mailer


def test_an_address_is_suppressed_once_listed_and_let_free(mailer: Mailer) -> None:
    assert "nobody is suppressed" in mailer("suppressions", "list").out
    added = mailer(
        "suppressions", "add", "Mina@Example.ORG", "--reason", "asked by letter", "--json"
    )
    assert added.json["new"] is True
    assert added.json["email"] == "mina@example.org"
    again = mailer("suppressions", "add", "mina@example.org", "--json")
    assert (again.json["new"], again.json["reason"]) == (False, "asked by letter")
    (found,) = mailer("suppressions", "list", "mina", "--json").json
    assert found["started_at"]
    assert "asked by letter" in mailer("suppressions", "list").out

    removed = mailer("suppressions", "remove", "mina@example.org", "--json")
    assert removed.json["ended_at"]
    assert mailer("suppressions", "list", "--json").json == []
    assert len(mailer("suppressions", "list", "--all", "--json").json) == 1
    assert mailer("suppressions", "remove", "mina@example.org").code == 2

    actions = [entry["action"] for entry in mailer("audit", "list", "--json").json]
    assert actions == ["suppression lifted", "suppressed"]


def test_what_is_no_address_is_refused(mailer: Mailer) -> None:
    assert mailer("suppressions", "add", "not an address").code == 2
