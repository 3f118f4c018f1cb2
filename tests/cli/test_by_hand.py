"""What operators do by hand: a story typed in, a reader who goes away."""

from pathlib import Path

from tests.cli.conftest import Mailer


def test_a_story_is_typed_in_and_changed(mailer: Mailer, tmp_path: Path) -> None:
    (tmp_path / "body.txt").write_text("One <b>day</b>.\n\nTwo.\n", encoding="utf-8")
    words = ["stories", "add", "--uid", "u1", "--title", "Harbour opens", "--place", "Japan"]
    words += ["--place", "Asia", "--tag", "trade", "--published", "2026-10-22T07:00+09:00"]
    added = mailer(*words, "--body", "body.txt", "--json")
    assert (added.code, added.json["state"]) == (0, "new")
    assert added.json["tags"] == ["japan", "asia", "trade"]
    assert added.json["published_at"] == "2026-10-21T22:00:00+00:00"
    body = mailer("stories", "show", "u1", "--json").json["body_html"]
    assert body == "<p>One &lt;b&gt;day&lt;/b&gt;.</p><p>Two.</p>"
    assert "u1 is unchanged, revision 1" in mailer(*words, "--body", "body.txt").out
    assert "u1 is updated, revision 2" in mailer(*words, "--summary", "Now.").out


def test_what_is_no_story_changes_nothing(mailer: Mailer) -> None:
    for words, why in [
        (["--title", "T"], "--uid or --url"),
        (["--title", "T", "--uid", "u", "--published", "soon"], "published_at"),
        (["--title", " ", "--uid", "u"], "title"),
        (["--title", "T", "--uid", "u", "--body", "nowhere.txt"], "cannot read"),
        (["--title", "T", "--url", "javascript:1"], "url"),
    ]:
        refused = mailer("stories", "add", *words)
        assert refused.code == 2, words
        assert why in refused.err
    assert mailer("stories", "list", "--json").json == []


def test_a_reader_is_paused_until_a_day_by_her_own_clock(mailer: Mailer, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("email,timezone\nmina@example.org,Asia/Seoul\n", "utf-8")
    mailer("readers", "import", "r.csv")
    pause = ("readers", "pause", "mina@example.org", "--until")
    assert "until 2099-12-23T15:00:00+00:00" in mailer(*pause, "2099-12-24").out
    shown = mailer("readers", "show", "mina@example.org", "--json").json
    assert shown["paused_until"] == "2099-12-23T15:00:00+00:00"
    for wrong in ("2020-01-01", "tomorrow", "0001-01-01"):
        assert mailer(*pause, wrong).code == 2
    assert mailer("readers", "pause", "nobody@example.org", "--until", "2099-12-24").code == 2
    assert mailer("readers", "show", "mina@example.org", "--json").json == shown
    assert "has mail again" in mailer(*pause, "off").out
    assert mailer("readers", "show", "mina@example.org", "--json").json["paused_until"] is None


def test_a_story_is_edited_until_a_mail_holds_it(mailer: Mailer) -> None:
    mailer("stories", "add", "--uid", "u1", "--title", "Harbour opens", "--tag", "trade")
    edit = ("stories", "edit", "u1")
    done = mailer(*edit, "--title", "Harbour shut", "--embargo", "2099-10-22T07:00+09:00", "--json")
    assert done.json["changed"] == ["headline", "embargo"]
    assert done.json["embargo_until"] == "2099-10-21T22:00:00+00:00"
    assert done.json["mailed"] == {"readers": 0, "waiting": 0}
    assert (
        "u1: embargo, urgent changed, revision 2"
        in mailer(*edit, "--embargo", "off", "--urgent").out
    )
    assert "u1: nothing changed, revision 2" in mailer(*edit, "--urgent").out
    assert mailer("stories", "edit", "u2", "--urgent").code == 2
