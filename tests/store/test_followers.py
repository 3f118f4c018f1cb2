"""Whom a run asks, with which preferences, in which shards, and cursors that only go forward."""

from dataclasses import replace
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from mailer.core.readers import Cadence, Follow, Follower, Mute, ReaderState
from mailer.store.database import Connection, Database
from mailer.store.followers import (
    Asking,
    advance_cursors,
    earliest_cursor,
    read_followers,
    shard_ends,
)
from mailer.store.preferences import end_follow, end_mute, start_follow, start_mute
from mailer.store.readers import lock_reader
from mailer.store.tables import follows
from tests.builders import NOON, at, reader
from tests.store.rows import (
    DAY,
    Subscriber,
    add_newsletter,
    add_subscriber,
    end_subscription,
    until_somebody_waits,
)


def asking(newsletter_id: int, as_of: datetime = NOON) -> Asking:
    return Asking(newsletter_id, Cadence.DAILY, as_of)


def asked(connection: Connection, newsletter_id: int, **narrowed: Any) -> list[int]:
    found = read_followers(connection, asking(newsletter_id), **narrowed)
    return [follower.reader.id for follower in found]


def test_a_follower_comes_with_her_own_follows_and_mutes_in_her_order(database: Database) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        one = add_subscriber(connection, newsletter_id, 1, "trade", "china & !sport", "japan")
        other = add_subscriber(connection, newsletter_id, 2, "asia")
        for mute in ("sport", "japan | trade"):
            start_mute(
                connection, one.reader_id, expression=mute, canonical=mute, now=NOON, source="test"
            )
        found = read_followers(connection, asking(newsletter_id))
    began = NOON - 30 * DAY
    cursor = NOON - DAY
    first, second, third = one.follow_ids
    assert found == [
        Follower(
            replace(reader(1), id=one.reader_id, created_at=began),
            one.subscription_id,
            (
                Follow(first, "trade", Cadence.DAILY, cursor),
                Follow(second, "china & !sport", Cadence.DAILY, cursor),
                Follow(third, "japan", Cadence.DAILY, cursor),
            ),
            (Mute(1, "sport"), Mute(2, "japan | trade")),
        ),
        Follower(
            replace(reader(2), id=other.reader_id, created_at=began),
            other.subscription_id,
            (Follow(other.follow_ids[0], "asia", Cadence.DAILY, cursor),),
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        pytest.param({}, True, id="confirmed"),
        pytest.param({"state": ReaderState.PENDING}, False, id="pending"),
        pytest.param({"state": ReaderState.ERASED}, False, id="erased"),
        pytest.param({"paused_until_at": at(1)}, False, id="paused"),
        pytest.param({"paused_until_at": NOON}, True, id="paused until this moment"),
        pytest.param({"paused_until_at": at(-1)}, True, id="paused once"),
    ],
)
def test_only_confirmed_readers_who_are_not_paused_are_asked(
    database: Database, changes: dict[str, Any], is_asked: bool
) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        one = add_subscriber(connection, newsletter_id, 1, "china", **changes)
        assert asked(connection, newsletter_id) == ([one.reader_id] if is_asked else [])


def test_only_what_is_current_of_this_newsletter_and_cadence_is_asked(database: Database) -> None:
    with database.write() as connection:
        newsletter_id, other_id = add_newsletter(connection), add_newsletter(connection, "europe")
        ended = add_subscriber(connection, newsletter_id, 1, "china")
        end_subscription(connection, ended, NOON)
        add_subscriber(connection, other_id, 2, "china")
        add_subscriber(connection, newsletter_id, 3, "china", cadence=Cadence.WEEKLY)
        add_subscriber(connection, newsletter_id, 4)
        kept = add_subscriber(connection, newsletter_id, 5, "china", "japan")
        end_follow(connection, kept.follow_ids[0], "test", NOON)
        start_mute(
            connection, kept.reader_id, expression="sport", canonical="sport", now=NOON, source=""
        )
        end_mute(connection, 1, NOON)
        (found,) = read_followers(connection, asking(newsletter_id))
        assert [follow.expression for follow in found.follows] == ["japan"]
        assert found.mutes == ()


def add_five(connection: Connection) -> tuple[int, list[int]]:
    newsletter_id = add_newsletter(connection)
    found = [
        add_subscriber(connection, newsletter_id, number, "china", "japan").reader_id
        for number in range(1, 6)
    ]
    return newsletter_id, found


def test_readers_come_by_id_in_batches_that_never_split_one(database: Database) -> None:
    with database.write() as connection:
        newsletter_id, ids = add_five(connection)
        assert asked(connection, newsletter_id) == ids
        assert asked(connection, newsletter_id, limit=2) == ids[:2]
        assert asked(connection, newsletter_id, after_reader_id=ids[1], limit=2) == ids[2:4]
        assert asked(connection, newsletter_id, after_reader_id=ids[3], limit=2) == ids[4:]
        assert asked(connection, newsletter_id, after_reader_id=ids[4], limit=2) == []
        batch = read_followers(connection, asking(newsletter_id), limit=1)
        assert [len(follower.follows) for follower in batch] == [2]


def test_a_shard_has_the_readers_after_its_start_up_to_its_end(database: Database) -> None:
    with database.write() as connection:
        newsletter_id, ids = add_five(connection)
        assert asked(connection, newsletter_id, to_reader_id=ids[1]) == ids[:2]
        shard = {"after_reader_id": ids[1], "to_reader_id": ids[3]}
        assert asked(connection, newsletter_id, **shard) == ids[2:4]
        assert asked(connection, newsletter_id, **shard, lock=True) == ids[2:4]
        assert asked(connection, newsletter_id, reader_id=ids[2]) == [ids[2]]
        assert asked(connection, newsletter_id, reader_id=99) == []


@pytest.mark.parametrize(
    ("size", "ends"), [(1, [1, 2, 3, 5, 6]), (2, [2, 5]), (5, [6]), (6, []), (1000, [])]
)
def test_shards_end_at_every_so_many_current_subscribers(
    database: Database, size: int, ends: list[int]
) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        found = [add_subscriber(connection, newsletter_id, number) for number in range(1, 7)]
        end_subscription(connection, found[3], NOON)
        assert shard_ends(connection, newsletter_id, size) == ends
        assert shard_ends(connection, 99, size) == []


def cursors(connection: Connection) -> list[datetime]:
    return list(connection.scalars(select(follows.c.cursor_at).order_by(follows.c.id)))


def test_cursors_never_go_backwards(database: Database) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        one = add_subscriber(connection, newsletter_id, 1, "china", "japan", cursor_at=at(-5))
        first, second = one.follow_ids
        advance_cursors(connection, [first], at(-1))
        assert cursors(connection) == [at(-1), at(-5)]
        advance_cursors(connection, [first, second], at(-3))
        assert cursors(connection) == [at(-1), at(-3)]
        advance_cursors(connection, [], NOON)
        assert cursors(connection) == [at(-1), at(-3)]


def test_the_earliest_cursor_is_of_those_who_are_asked(database: Database) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        assert earliest_cursor(connection, asking(newsletter_id)) is None
        add_subscriber(connection, newsletter_id, 1, "china", cursor_at=at(-3))
        add_subscriber(connection, newsletter_id, 2, "china", cursor_at=at(-5))
        state = ReaderState.PENDING
        add_subscriber(connection, newsletter_id, 3, "china", cursor_at=at(-9), state=state)
        assert earliest_cursor(connection, asking(newsletter_id)) == at(-5)


def unfollow_all_but_a_new_one(connection: Connection, one: Subscriber) -> None:
    for follow_id in one.follow_ids:
        end_follow(connection, follow_id, "test", NOON)
    start_follow(
        connection,
        one.subscription_id,
        expression="japan",
        canonical="japan",
        cadence=Cadence.DAILY,
        now=NOON,
        cursor_at=NOON,
        source="test",
    )


def test_a_run_that_waited_for_a_reader_sees_what_she_changed(
    postgres_database: Database,
) -> None:
    with postgres_database.write() as connection:
        newsletter_id = add_newsletter(connection)
        changing = add_subscriber(connection, newsletter_id, 1, "china")
        leaving = add_subscriber(connection, newsletter_id, 2, "china")
    seen: list[list[str]] = []

    def plan() -> None:
        with postgres_database.write() as connection:
            found = read_followers(connection, asking(newsletter_id), lock=True)
            seen.extend([follow.expression for follow in one.follows] for one in found)

    planner = Thread(target=plan)
    with postgres_database.write() as connection:
        lock_reader(connection, changing.reader_id)
        lock_reader(connection, leaving.reader_id)
        planner.start()
        until_somebody_waits(postgres_database)
        unfollow_all_but_a_new_one(connection, changing)
        end_subscription(connection, leaving, NOON)
    planner.join()
    assert seen == [["japan"]]
