"""Imports and consent: kept in its words, and nobody is subscribed again in silence."""

from datetime import UTC, datetime

import pytest

from mailer.core.addresses import read_address
from mailer.core.readers import ReaderState
from mailer.flows.leave_mails import Step, leave_mails
from mailer.store.database import Database
from mailer.store.preferences import follows_of
from mailer.store.reader_records import records_of
from mailer.store.readers import find_reader, list_readers, suppress
from tests.flows.conftest import DAY, NOON, Newsroom
from tests.flows.imports import GOOD, SIGNER, counts, readers, take


def test_the_words_the_place_and_the_day_of_her_consent_are_kept(database: Database) -> None:
    text = (
        "email,source,consent date\na@reader.example,fair in Lyon,2024-05-01\nb@reader.example,,\n"
    )
    take(database, text, name="list.csv", actor="eve@news.example")

    with database.read() as connection:
        a, b = (records_of(connection, reader)["reader"][0] for reader in list_readers(connection))
    assert (a["consent"], a["consent_source"]) == ("Ticked a box", "fair in Lyon")
    assert a["consented_at"] == datetime(2024, 5, 1, tzinfo=UTC).isoformat()
    assert b["consent_source"] == "list.csv, imported by eve@news.example"
    assert b["consented_at"] == NOON.isoformat()


def test_a_reader_who_never_answered_is_confirmed_by_what_she_agreed_to_elsewhere(
    database: Database,
) -> None:
    take(database, GOOD, confirmed=False)
    assert readers(database)[0].state is ReaderState.PENDING

    report, _ = take(database, GOOD, now=NOON + DAY)

    assert counts(report) == (0, 1, 0, 0)
    with database.read() as connection:
        [reader] = list_readers(connection)
        kept = records_of(connection, reader)["reader"][0]
    assert reader.state is ReaderState.CONFIRMED
    assert (kept["consent"], kept["confirmed_at"]) == ("Ticked a box", (NOON + DAY).isoformat())


def test_who_is_suppressed_is_not_taken_even_when_she_was_erased(newsroom: Newsroom) -> None:
    database = newsroom.database
    key = read_address("mina@reader.example").key
    with database.write() as connection:
        suppress(connection, key, "hard bounce", "550", NOON)
        suppress(
            connection, f"keyed-hash:{SIGNER.keyed_hash('b@x.example')}", "complaint", "", NOON
        )

    report, told = take(database, f"{GOOD}b@x.example,,,,,\n")

    assert counts(report) == (0, 0, 0, 2)
    assert "suppressed since 2026-03-10 (hard bounce)" in told[0].reason
    assert "complaint" in told[1].reason


def test_who_has_left_is_not_subscribed_again_and_who_follows_keeps_her_own(
    newsroom: Newsroom,
) -> None:
    database = newsroom.database
    text = "email,newsletter,follows,cadence\n{},asia,china & !sport; japan,weekly\n"
    report, _ = take(database, text.format("mina@reader.example"))
    assert counts(report) == (1, 0, 0, 0)
    with database.read() as connection:
        mina = find_reader(connection, read_address("mina@reader.example"))
        follows = follows_of(connection, mina.id)
    assert [(f.expression, f.cadence) for f in follows] == [
        ("china & !sport", "weekly"),
        ("japan", "weekly"),
    ]
    again, _ = take(database, text.format("mina@reader.example").replace("weekly", "daily"))
    assert counts(again) == (0, 0, 1, 0), "her own cadence stays"

    leave_mails(
        database, follows[0].subscription_id, Step.NEWSLETTER, now=NOON + DAY, source="page"
    )
    report, told = take(database, text.format("mina@reader.example"), now=NOON + 2 * DAY)

    assert counts(report) == (0, 0, 0, 1)
    assert "she left 'asia' on 2026-03-11" in told[0].reason
    with database.read() as connection:
        assert all(f.ended_at for f in follows_of(connection, mina.id))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a@x.example,asia,nowhere-land,daily", "cannot be followed: unknown tag"),
        ("a@x.example,europe,china,daily", "unknown newsletter 'europe'"),
        ("a@x.example,asia,china,hourly", "unknown cadence 'hourly'"),
        ("a@x.example,asia,china & !china,daily", "cannot be followed"),
        ("a@x.example,,china,daily", "follows without a newsletter"),
    ],
)
def test_a_follow_that_cannot_be_is_told(newsroom: Newsroom, row: str, reason: str) -> None:
    report, told = take(newsroom.database, f"email,newsletter,follows,cadence\n{row}\n")

    assert counts(report) == (0, 0, 0, 1)
    assert reason in told[0].reason
