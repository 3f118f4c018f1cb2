"""Follows that brought nothing for long are found, and their readers told once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from mailer.core.deliveries import MailKind
from mailer.flows.find_quiet_follows import QuietFollow, find_quiet_follows, tell_quiet_follows
from tests.flows.conftest import DAY, NOON, Newsroom

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    """Both follow for 90 days; China had a story last week, Japan one 80 days ago."""
    for address in (ANN, BOB):
        newsroom.read_by(address)
    newsroom.follow(ANN, "japan & !sport", at=NOON - 90 * DAY)
    newsroom.follow(ANN, "asia", at=NOON - 90 * DAY)
    newsroom.follow(BOB, "china", at=NOON - 90 * DAY)
    newsroom.follow(BOB, "trade", at=NOON - 10 * DAY)
    newsroom.publish("old", "japan", at=NOON - 80 * DAY)
    newsroom.publish("new", "china", at=NOON - 7 * DAY)
    return newsroom


def quiet(room: Newsroom, days: int = 60) -> list[QuietFollow]:
    return find_quiet_follows(room.database, now=NOON, long=timedelta(days=days))


def test_only_old_follows_that_nothing_matched_are_quiet(room: Newsroom) -> None:
    assert [(q.email, q.expression, q.is_broken) for q in quiet(room)] == [
        (ANN, "japan & !sport", False)
    ]
    assert quiet(room, days=85) == []
    assert [q.expression for q in quiet(room, days=5)] == [
        "japan & !sport",
        "asia",
        "china",
        "trade",
    ]
    assert find_quiet_follows(room.database, now=NOON, reader_id=2) == []


def test_what_cannot_be_read_any_more_is_quiet(room: Newsroom) -> None:
    with room.database.write() as connection:
        connection.execute(text("UPDATE follows SET expression = 'gone' WHERE id = 3"))
    assert [(q.email, q.is_broken) for q in quiet(room)] == [(ANN, False), (BOB, True)]


def test_she_is_told_once(room: Newsroom) -> None:
    assert tell_quiet_follows(room.desk, quiet(room), now=NOON) == 1
    assert tell_quiet_follows(room.desk, quiet(room), now=NOON + DAY) == 0
    room.deliver(NOON)
    [notice] = [row for row in room.deliveries() if row.kind is MailKind.NOTICE]
    assert (notice.email, notice.state) == (ANN, "accepted")
    assert b"Japan" in room.backend.messages[-1].content
