"""`mailer tags rename …` and `mailer readers quiet-follows`."""

from tests.cli.conftest import Mailer


def test_a_dry_run_counts_what_the_change_then_does(mailer: Mailer) -> None:
    mailer("seed")
    asked = mailer("tags", "rename", "north-korea", "DPR Korea", "--dry-run", "--json")
    done = mailer("tags", "rename", "north-korea", "DPR Korea", "--json")
    assert (asked.json["done"], done.json["done"]) == (False, True)
    assert asked.json["follows"] == done.json["follows"]
    assert done.json["counts"]["follows"] > 1
    assert all("dpr-korea" in f["after"] for f in done.json["follows"])
    assert mailer("drain").code == 0
    assert mailer("expression", "check", "north-korea").code == 0
    assert mailer("ledger", "check").code == 0
    wrong = mailer("tags", "merge", "nowhere", "china")
    assert (wrong.code, "no tag 'nowhere'" in wrong.err) == (2, True)


def test_quiet_follows_are_listed_and_told(mailer: Mailer) -> None:
    mailer("seed")
    found = mailer("readers", "quiet-follows", "--days", "0", "--json")
    assert found.code == 0
    assert isinstance(found.json, list)
    assert mailer("readers", "quiet-follows", "--tell").code == 0
