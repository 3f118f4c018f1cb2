"""`mailer import` and `export` as typed; docs/migrating.md is walked through in tests/docs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Mailer


@pytest.fixture
def newsroom(mailer: Mailer) -> Mailer:
    """A newsletter and the tags the document speaks of."""
    for words in (
        ("tags", "add", "China"),
        ("tags", "add", "Japan"),
        ("tags", "add", "Sport"),
        ("tags", "add", "Trade"),
        ("newsletters", "add", "asia", "--name", "Asia", "--from", "asia@news.example"),
    ):
        result = mailer(*words)
        assert result.code == 0, result.err
    return mailer


def test_without_a_map_the_import_prints_one_to_fill_in(newsroom: Mailer, tmp_path: Path) -> None:
    people = [
        {
            "email": "a@x.example",
            "status": "enabled",
            "lists": [{"name": name, "subscription_status": "confirmed"} for name in ("News", "Ö")],
        }
    ]
    (tmp_path / "x.json").write_text(json.dumps({"data": {"results": people}}), encoding="utf-8")
    words = ("import", "listmonk", "x.json", "--consent", "Form")
    result = newsroom(*words)
    assert result.code == 2
    assert "News (1), Ö (1)" in result.err
    (tmp_path / "map.toml").write_text(result.err.partition("\n\n")[2], encoding="utf-8")
    done = newsroom(*words, "--map", "map.toml", "--json")
    assert (done.code, done.json["new"], done.json["topics"]) == (0, 1, {"News": 1, "Ö": 1})
    assert done.json["rejected"] == []


def test_an_import_without_consent_or_export_is_refused(newsroom: Mailer, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Email,Status\na@x.example,active\n", encoding="utf-8")
    assert "the words these readers agreed to" in newsroom("import", "keila", "x.csv").err
    assert newsroom("import", "keila", "missing.csv", "--consent", "x").code == 2
    assert newsroom("import", "whole", ".").code == 2
    assert newsroom("export", ".").code == 2
    assert newsroom("import", "ghost", "x.csv").code == 2


def test_lines_not_taken_are_mended_in_their_file_and_imported_from_it(
    newsroom: Mailer, tmp_path: Path
) -> None:
    text = "Email,First name,Status\na@x.example,A,active\nb at x.example,=B,active\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    words = ("--consent", "Form", "--json")
    first = newsroom("import", "keila", "x.csv", *words)
    assert (first.code, first.json["new"]) == (1, 1)
    assert first.json["rejected"][0]["mend"] == "write one address, such as name@example.org"
    path = tmp_path / first.json["rejects_file"]
    mended = path.read_text(encoding="utf-8").replace("b at x.example", "b@x.example")
    path.write_text(mended, encoding="utf-8")
    again = newsroom("import", "keila", path.name, *words)
    assert (again.code, again.json["new"]) == (0, 1), again.out
    assert newsroom("readers", "show", "b@x.example", "--json").json["name"] == "=B"
