"""`mailer letters …` by hand."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Mailer


def test_a_letter_from_a_file_to_its_readers(
    seeded: Mailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mailer = seeded
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    mailer("operators", "add", "boss@news.example", "--password-stdin")
    text = tmp_path / "letter.md"
    text.write_text("Dear {{ name }},\n\nwe move.\n", encoding="utf-8")
    added = mailer(
        "letters", "add", "asia-daily", str(text), "--subject", "We move", "--to", "japan", "--json"
    )
    assert added.code == 0
    reach = added.json["reach"]
    assert reach > 0
    untested = mailer("letters", "send", "1")
    assert untested.code == 2
    assert "was not tested" in untested.err
    tried = mailer("letters", "test", "1", "--to", "boss@news.example")
    assert tried.code == 0
    assert "[Preview] We move" in tried.out
    sent = mailer("letters", "send", "1", "--json")
    assert (sent.code, sent.json["planned"], sent.json["state"]) == (0, reach, "done")
    assert mailer("letters", "send", "1", "--json").json["id"] == sent.json["id"]
    assert "we move." in mailer("letters", "show", "1").out
    assert mailer("letters", "pause", "1").code == 2
    assert mailer("letters", "remove", "1").code == 2
    assert "done" in mailer("letters", "list").out
    assert mailer("letters", "add", "asia-daily", "nowhere.md", "--subject", "x").code == 2
