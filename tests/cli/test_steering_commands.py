"""Commands that steer runs, decide about doubts and check the ledger."""

from collections.abc import Iterator

import pytest

from mailer.store.database import Database
from tests.cli.conftest import Mailer
from tests.flows.ledger import NO, NOBODY_KNOWS, YES, Ledger, open_ledger


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """Three mails of one run in the database the commands work on; times are long past."""
    database = Database.open(database_url)
    ledger = open_ledger(database)
    ledger.execute("UPDATE deliveries SET expires_at = '2999-01-01 00:00:00'")
    yield ledger
    database.close()


def test_a_run_is_paused_and_resumed(mailer: Mailer, ledger: Ledger) -> None:
    paused = mailer("runs", "pause", "1", "--reason", "a typo in the headline", "--json")
    resumed = mailer("runs", "resume", "1")

    assert (paused.code, paused.err) == (0, "")
    assert paused.json["state"] == "paused"
    assert paused.json["state_reason"] == "a typo in the headline"
    assert resumed.out.startswith("run 1 is sending: 3 planned, 3 queued\n")
    assert "mailer drain" in resumed.out


def test_a_cancelled_run_cannot_be_resumed(mailer: Mailer, ledger: Ledger) -> None:
    assert mailer("runs", "cancel", "1", "--json").json["counts"] == {"cancelled": 3}

    refused = mailer("runs", "resume", "1")

    assert refused.code == 2
    assert "run 1 is cancelled and cannot resume: nothing can be done" in refused.err


def test_what_was_refused_is_retried(mailer: Mailer, ledger: Ledger) -> None:
    ledger.send(YES, NO, YES)

    result = mailer("runs", "retry", "1", "--json")

    assert result.json["planned"] == 4
    assert result.json["counts"] == {"accepted": 2, "queued": 1, "refused": 1}


def test_a_run_nobody_knows_is_told(mailer: Mailer) -> None:
    result = mailer("runs", "pause", "7")

    assert (result.code, result.out) == (2, "")
    assert "no run 7" in result.err


def test_watching_ends_when_nothing_is_due(
    mailer: Mailer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.send(YES, YES, YES)
    # Nobody will write this run's end: waiting for it would be all that this test does.
    monkeypatch.setattr("mailer.cli.watching._END_SECONDS", 0.0)
    monkeypatch.setattr("mailer.cli.runs._WATCH_SECONDS", 0.0)

    result = mailer("runs", "watch", "1")

    assert result.code == 0
    assert result.out == "run 1 is sending: 3 planned, 3 accepted\n"


def test_watching_a_stopped_run_says_why(mailer: Mailer, ledger: Ledger) -> None:
    mailer("runs", "pause", "1")

    result = mailer("runs", "watch", "1")

    assert result.code == 1
    assert "paused by an operator" in result.err


def test_doubts_are_listed_and_resolved(mailer: Mailer, ledger: Ledger) -> None:
    ledger.send(NOBODY_KNOWS, NOBODY_KNOWS, YES)
    shown = mailer("deliveries", "doubtful")
    listed = mailer("deliveries", "doubtful", "--json")

    assert [row["id"] for row in listed.json] == [1, 2]
    assert listed.json[0]["reply"] == "the connection was lost"
    assert listed.json[0]["message_id"] in shown.out

    accepted = mailer("deliveries", "resolve", "1", "--accept", "--json")
    resent = mailer("deliveries", "resolve", "2", "--resend", "--json")

    assert (accepted.json["state"], resent.json["state"]) == ("accepted", "queued")
    assert (resent.json["resends"], mailer("deliveries", "doubtful", "--json").json) == (1, [])


@pytest.mark.parametrize("words", [(), ("--resend", "--accept")])
def test_resolving_needs_one_decision(
    mailer: Mailer, ledger: Ledger, words: tuple[str, ...]
) -> None:
    result = mailer("deliveries", "resolve", "1", *words)

    assert result.code == 2
    assert "say either --resend or --accept" in result.err


def test_a_sound_ledger_passes(mailer: Mailer, ledger: Ledger) -> None:
    ledger.send(YES, NO, NOBODY_KNOWS)

    result = mailer("ledger", "check")

    assert result.code == 0
    assert result.out.endswith("all hold\n")


def test_a_broken_ledger_names_what_is_broken(mailer: Mailer, ledger: Ledger) -> None:
    ledger.execute("UPDATE deliveries SET attempt_count = 99 WHERE id = 2")

    words, document = mailer("ledger", "check"), mailer("ledger", "check", "--json")

    assert (words.code, document.code) == (1, 1)
    assert "attempts are bounded     BROKEN by 1: delivery 2." in words.out
    assert document.json["holds"] is False
    [broken] = [each for each in document.json["invariants"] if each["broken"]]
    assert (broken["name"], broken["ids"]) == ("attempts are bounded", [2])
