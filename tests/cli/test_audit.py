"""Every command that changes something leaves a line in the audit log; what fails leaves none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Mailer

# The log is tested on both databases elsewhere; here it is the commands that are looked at.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_FROM = "news@newsroom-of-ours.net"


def log_of(mailer: Mailer) -> Callable[[], list[tuple[str, str]]]:
    """Return what gives the lines that were added since it was asked last, oldest first."""
    seen: list[int] = [0]

    def added() -> list[tuple[str, str]]:
        found = [one for one in mailer("audit", "list", "--json").json if one["id"] > seen[0]]
        seen[0] = max([seen[0], *(one["id"] for one in found)])
        assert all(one["actor"] == "command line" for one in found)
        return [(one["action"], one["subject"]) for one in reversed(found)]

    return added


def test_what_a_command_changes_stands_in_the_log(mailer: Mailer) -> None:
    added = log_of(mailer)
    Path("readers.csv").write_text("email,name\nMina@reader.example,Mina\n")
    her = "reader mina@reader.example"
    asia = "newsletter asia"
    for words, expected in (
        (
            "newsletters add asia --name Asia --from " + _FROM,
            ("newsletter added", asia),
        ),
        ("newsletters edit asia --name Asia2", ("newsletter changed", asia)),
        ("tags add China --kind country", ("tag added", "tag china")),
        ("tags alias PRC china", ("tag alias", "tag PRC")),
        ("stories add --title Ferry --url https://n.example/f --tag china", None),
        ("stories retract https://n.example/f --note wrong", None),
        ("readers import readers.csv --confirmed --consent paper", None),
        ("follow mina@reader.example asia china", ("reader subscribed", her)),
        ("mute mina@reader.example china", ("mute added", her)),
        ("unmute mina@reader.example china", ("mute ended", her)),
        ("readers quiet mina@reader.example 22:00-07:00", ("quiet hours set", her)),
        ("unfollow mina@reader.example asia china", ("reader unsubscribed", her)),
        ("schedules add asia daily --at 07:00", ("schedule added", "schedule 1")),
        ("schedules pause 1", ("schedule pause", "schedule 1")),
        ("send asia daily", ("run opened", "run 1")),
        ("readers export mina@reader.example", ("reader exported", "reader 1")),
    ):
        done = mailer(*words.split())
        assert done.code == 0, (words, done.err)
        found = added()
        assert len(found) == 1, (words, found)
        if expected is not None:
            assert found == [expected], words


def test_what_changes_nothing_leaves_no_line(mailer: Mailer) -> None:
    mailer("newsletters", "add", "asia", "--name", "Asia", "--from", _FROM)
    mailer("tags", "add", "China", "--kind", "country")
    added = log_of(mailer)
    added()
    for words in (
        "newsletters add asia --name Asia --from " + _FROM,
        "tags rename china Cathay --dry-run",
        "unfollow nobody@reader.example asia china",
        "runs pause 9",
        "schedules pause 9",
    ):
        mailer(*words.split())
        assert added() == [], words


def test_the_log_forgets_who_is_erased(mailer: Mailer) -> None:
    Path("readers.csv").write_text("email,name\nMina@reader.example,Mina\n")
    mailer("newsletters", "add", "asia", "--name", "Asia", "--from", _FROM)
    mailer("readers", "import", "readers.csv", "--confirmed", "--consent", "paper")
    mailer("follow", "MINA@reader.example", "asia", "*")
    assert "mina@" in mailer("audit", "list").out.lower()
    assert mailer("readers", "erase", "mina@reader.example", "--yes").code == 0
    assert "mina@" not in mailer("audit", "list").out.lower()
    subjects = [one["subject"] for one in mailer("audit", "list", "--json").json]
    assert subjects[:2] == ["reader 1", "reader 1"]
