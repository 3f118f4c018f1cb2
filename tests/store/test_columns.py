"""Instants and JSON mean the same in both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from mailer.store.database import Database
from mailer.store.tables import newsletters, suppressions
from tests.builders import NOON
from tests.store.rows import add_newsletter

SEOUL = timezone(timedelta(hours=9))


def suppression(number: int, started_at: datetime) -> dict[str, object]:
    return {"email_key": f"{number}@example.org", "reason": "test", "started_at": started_at}


@pytest.mark.parametrize(
    "instant",
    [
        pytest.param(NOON, id="UTC"),
        pytest.param(NOON.astimezone(SEOUL), id="Seoul"),
        pytest.param(NOON.replace(microsecond=1), id="a microsecond"),
        pytest.param(datetime(1969, 12, 31, 23, 59, tzinfo=UTC), id="before the epoch"),
        pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), id="an hour that is twice"),
    ],
)
def test_an_instant_comes_back_aware_in_utc(database: Database, instant: datetime) -> None:
    with database.write() as connection:
        connection.execute(insert(suppressions), suppression(1, instant))
    with database.read() as connection:
        found = connection.scalar(select(suppressions.c.started_at))
    assert found == instant
    assert found is not None
    assert found.tzinfo is UTC


def test_a_naive_instant_is_refused_whether_kept_or_asked_for(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with database.write() as connection:
        with pytest.raises(StatementError, match="instants are aware"):
            connection.execute(insert(suppressions), suppression(1, naive))
        with pytest.raises(StatementError, match="instants are aware"):
            connection.execute(select(suppressions).where(suppressions.c.started_at < naive))


def test_instants_of_different_zones_are_compared_as_moments(database: Database) -> None:
    moments = [
        NOON,
        (NOON - timedelta(hours=1)).astimezone(SEOUL),
        NOON + timedelta(microseconds=1),
    ]
    with database.write() as connection:
        connection.execute(
            insert(suppressions), [suppression(n, moment) for n, moment in enumerate(moments)]
        )
    with database.read() as connection:
        in_order = select(suppressions.c.started_at).order_by(suppressions.c.started_at)
        assert list(connection.scalars(in_order)) == sorted(moments)
        before = in_order.where(suppressions.c.started_at < NOON.astimezone(SEOUL))
        assert list(connection.scalars(before)) == [moments[1]]


def test_no_instant_is_none(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(suppressions), suppression(1, NOON))
        assert connection.scalar(select(suppressions.c.ended_at)) is None


def test_json_keeps_lists_of_text(database: Database) -> None:
    with database.write() as connection:
        add_newsletter(connection)
        assert connection.scalar(select(newsletters.c.locales)) == ["en"]
