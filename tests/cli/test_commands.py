"""Commands as people type them: words, JSON, exit codes, errors that say how to mend."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Mailer

AS_OF = "2026-10-22T07:00:00+09:00"
MINA = "mina.park@example.org"
STORY = {
    "uid": "s1",
    "title": "A port opens",
    "url": "https://news.example/s1",
    "kicker": ["China", "North Korea"],
    "tags": ["trade"],
    "published_at": "2026-03-10T10:00:00Z",
}


def write_stories(folder: Path, *stories: object) -> str:
    path = folder / "stories.jsonl"
    path.write_text("\n".join(json.dumps(story) for story in stories), encoding="utf-8")
    return str(path)


def test_an_import_counts_and_a_second_one_changes_nothing(mailer: Mailer, tmp_path: Path) -> None:
    path = write_stories(tmp_path, STORY)

    first, second = mailer("stories", "import", path, "--json"), None
    second = mailer("stories", "import", path, "--json")

    assert (first.code, second.code) == (0, 0)
    assert (first.json["new"], first.json["unchanged"]) == (1, 0)
    assert (second.json["new"], second.json["unchanged"]) == (0, 1)
    [story] = first.json["stories"]
    assert story["tags"] == ["china", "north-korea", "trade"]
    assert first.err == ""


def test_rejected_items_are_named_and_the_rest_is_taken(mailer: Mailer, tmp_path: Path) -> None:
    path = write_stories(tmp_path, STORY, {"uid": "s2"}, 7)

    result = mailer("stories", "import", path, "--json")

    assert result.code == 1
    assert result.json["new"] == 1
    assert len(result.json["rejected"]) == 2
    assert all(item["reason"] for item in result.json["rejected"])


def test_a_file_that_is_not_there_changes_nothing(mailer: Mailer) -> None:
    result = mailer("stories", "import", "nowhere.xml")

    assert result.code == 2
    assert "cannot read 'nowhere.xml'" in result.err


def test_a_tag_of_the_operator_stays_when_the_document_comes_again(
    mailer: Mailer, tmp_path: Path
) -> None:
    path = write_stories(tmp_path, STORY)
    mailer("stories", "import", path, "--tag", "Border Watch")

    again = mailer("stories", "import", path, "--json").json

    assert again["unchanged"] == 1
    assert "border-watch" in again["stories"][0]["tags"]


def test_an_expression_is_checked_against_the_last_two_weeks(seeded: Mailer) -> None:
    result = seeded("expression", "check", "DPRK AND china", "--as-of", AS_OF, "--json")

    assert result.json["canonical"] == "china & north-korea"
    assert result.json["in_words"] == "north-korea AND china"
    assert result.json["matched"] == len(result.json["stories"]) > 0


def test_an_error_in_an_expression_points_at_the_character(seeded: Mailer) -> None:
    result = seeded("expression", "check", "china & nroth-korea")

    assert result.code == 2
    text, caret, message = result.err.splitlines()[:3]
    assert text.index("nroth") == caret.index("^")
    assert "north-korea" in message


def test_a_plan_is_the_same_twice_and_writes_nothing(seeded: Mailer) -> None:
    plans = [seeded("plan", "asia-daily", "daily", "--as-of", AS_OF, "--json") for _ in range(2)]

    assert plans[0].out == plans[1].out
    mina = next(mail for mail in plans[0].json["mails"] if mail["email"] == MINA)
    assert len(mina["items"]) == 11
    assert all(item["reasons"][0].startswith("You follow ") for item in mina["items"])
    assert seeded("runs", "list", "--json").json == []


def test_two_plans_are_compared(seeded: Mailer, tmp_path: Path) -> None:
    before = seeded("plan", "asia-daily", "daily", "--as-of", AS_OF, "--json").out
    (tmp_path / "before.json").write_text(before, encoding="utf-8")
    seeded("mute", MINA, "trade")

    result = seeded(
        "plan", "asia-daily", "daily", "--as-of", AS_OF, "--diff", "before.json", "--json"
    )

    assert result.json["gained"] == []
    assert {item["email"] for item in result.json["lost"]} == {MINA}


def test_a_run_is_sent_once(seeded: Mailer) -> None:
    words = ("send", "asia-daily", "daily", "--as-of", AS_OF, "--wait", "--json")
    first, second = seeded(*words), seeded(*words)

    assert first.code == second.code == 0
    assert first.json["state"] == "done"
    assert first.json["counts"] == {"accepted": first.json["planned"]}
    assert second.json["id"] == first.json["id"]
    later = seeded("send", "asia-daily", "daily", "--as-of", "2026-10-22T07:05+09:00", "--json")
    assert later.json["planned"] == 0
    rows = seeded("deliveries", "list", "--reader", MINA, "--json").json
    assert [(row["state"], len(row["items"])) for row in rows] == [("accepted", 11)]


def test_a_delivery_shows_the_exact_mail(seeded: Mailer) -> None:
    seeded("send", "asia-daily", "daily", "--as-of", AS_OF)
    [row] = seeded("deliveries", "list", "--reader", MINA, "--json").json

    shown = seeded("deliveries", "show", str(row["id"]), "--json").json

    assert shown["message_id"] in shown["source"]
    assert "accepted" in [event["event"] for event in shown["events"]]
    assert "List-Unsubscribe:" in seeded("deliveries", "show", str(row["id"])).out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "nothing", "daily"), "unknown newsletter 'nothing': there are: asia-daily"),
        (("plan", "asia-daily", "hourly"), "unknown cadence 'hourly': use instant, daily"),
        (("plan", "trade-wire", "monthly", "--as-of", "soon"), "'soon' is no moment"),
        (("send", "trade-wire", "monthly"), "'trade-wire' has no monthly issue"),
        (("send", "asia-daily", "daily", "--as-of", "2999-01-01"), "is in the future"),
        (("follow", MINA, "asia-daily", "china & !china"), "never matches"),
        (("follow", "nobody@example.org", "asia-daily", "china"), "no reader"),
        (("unfollow", MINA, "asia-daily", "japan"), "she follows"),
        (("stories", "show", "no-such"), "no story 'no-such'"),
        (("runs", "show", "99"), "no run 99"),
        (("deliveries", "show", "99"), "no delivery 99"),
        (("deliveries", "list", "--state", "lost"), "unknown state 'lost'"),
        (("readers", "show", "not an address"), "not a mail address"),
        (("preview", "asia-daily", "daily", "--reader", MINA, "--part", "x"), "unknown part 'x'"),
        (("tags", "add", "China"), "is taken by the tag 'china'"),
        (("newsletters", "add", "Bad Slug", "--name", "x", "--from", "a@b.example"), "is no slug"),
        (("readers", "import", "x.csv", "--confirmed"), "--confirmed needs --consent"),
    ],
)
def test_wrong_input_says_what_and_how_to_mend_it(
    seeded: Mailer, words: tuple[str, ...], says: str
) -> None:
    result = seeded(*words)

    assert result.code == 2
    assert says in " ".join(result.err.split())
    assert "Traceback" not in result.err


def test_wrong_usage_is_exit_code_two(mailer: Mailer) -> None:
    assert mailer("plan").code == 2
    assert mailer("nonsense").code == 2


def test_a_preview_shows_the_parts_and_why(seeded: Mailer, tmp_path: Path) -> None:
    words = ("preview", "asia-daily", "daily", "--reader", MINA, "--as-of", AS_OF)

    whole = seeded(*words)
    text = seeded(*words, "--part", "text")
    written = seeded(*words, "--out", "mina.eml")

    assert "You follow china AND north-korea" in whole.out
    assert "left out" in whole.out
    assert "KB of 100 KB" in whole.out
    assert text.out.strip() in whole.out
    assert written.code == 0
    assert b"multipart/alternative" in (tmp_path / "mina.eml").read_bytes()
    assert seeded("runs", "list", "--json").json == []


def test_readers_follow_mute_and_stop(seeded: Mailer) -> None:
    assert "follows japan" in seeded("follow", MINA, "asia-daily", "Japan").out
    assert "already follows" in seeded("follow", MINA, "asia-daily", "japan").out
    assert "now follows" in seeded("follow", MINA, "asia-daily", "japan", "--cadence", "weekly").out
    assert "no longer follows japan" in seeded("unfollow", MINA, "asia-daily", "Giappone").out
    assert "has muted cinema" in seeded("mute", MINA, "cinema").out
    assert "hears of cinema again" in seeded("unmute", MINA, "cinema").out
    shown = seeded("readers", "show", MINA, "--json").json
    assert [f["end_reason"] for f in shown["follows"] if f["canonical"] == "japan"] == [
        "cadence changed to weekly",
        "unfollowed",
    ]


def test_drain_finishes_what_a_run_left(seeded: Mailer) -> None:
    assert "nothing was due" in seeded("drain").out


def test_seeding_twice_changes_nothing(seeded: Mailer) -> None:
    before = seeded("stories", "list", "--json").out
    seeded("seed")

    assert seeded("stories", "list", "--json").out == before
    assert len(seeded("readers", "list", "--json").json) == 27


@pytest.mark.parametrize(
    "words", [("stories",), ("tags",), ("newsletters",), ("readers",), ("runs",), ("deliveries",)]
)
def test_every_list_is_an_array_of_objects_and_a_table(
    seeded: Mailer, words: tuple[str, ...]
) -> None:
    seeded("send", "asia-daily", "instant", "--as-of", AS_OF)

    listed = seeded(*words, "list", "--json")

    assert listed.json
    assert all(isinstance(item, dict) for item in listed.json)
    assert listed.err == ""
    assert seeded(*words, "list").out.strip()


def test_purge_says_what_went_and_refuses_to_look_ahead(seeded: Mailer) -> None:
    assert seeded("db", "purge").out == "nothing had had its time\n"
    assert set(seeded("db", "purge", "--json").json["deleted"].values()) == {0}
    early = seeded("db", "purge", "--as-of", "2999-01-01")
    assert early.code == 2
    assert "does not come back" in early.err
