"""A follow that brings nothing for long is flagged to its reader and to the operator."""

from datetime import timedelta

import html5lib
from sqlalchemy import update
from starlette.testclient import TestClient

from mailer.bootstrap import Installation
from mailer.flows.read_dashboard import read_audience
from mailer.store.tables import follows
from tests.web.readers import current_follows

_QUIET = "china & japan & nepal & !asia"


def follow_in_vain(room: Installation) -> None:
    """Let all follows be old, and Mina's first one want what there never was."""
    started = update(follows).values(started_at=room.clock() - timedelta(days=61))
    first = started.where(follows.c.id == current_follows(room)[0].id)
    with room.desk.database.write() as connection:
        connection.execute(started)
        connection.execute(first.values(expression=_QUIET, canonical=_QUIET))


def test_she_sees_it_at_that_follow_alone(
    client: TestClient, room: Installation, path: str
) -> None:
    assert "No story has matched this" not in client.get(path).text
    follow_in_vain(room)
    page = client.get(path).text
    html5lib.HTMLParser(strict=True).parse(page)
    assert page.count("No story has matched this in 60 days") == 1
    card = page.partition("No story has matched this")[0].rpartition("<h3>")[2]
    assert "Nepal" in card.partition("</h3>")[0]


def test_the_operator_sees_the_meaning_and_how_many_follow_it(room: Installation) -> None:
    before = read_audience(room.desk.database, now=room.clock())
    assert _QUIET not in dict(before.quiet)
    follow_in_vain(room)
    board = read_audience(room.desk.database, now=room.clock())
    assert (_QUIET, 1) in board.quiet
    # What cannot be read any more is dead, and told apart.
    assert not set(board.quiet) & set(board.dead)
