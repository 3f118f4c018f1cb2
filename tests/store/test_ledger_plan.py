"""Planned deliveries: each key once, each story once to a reader (I1), and what was left out."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mailer.store.database import Connection, Database
from mailer.store.ledger_events import IN_DOUBT, record_events, take_back
from mailer.store.ledger_plan import (
    NewDelivery,
    NewItem,
    NewOmission,
    add_omissions,
    add_planned,
    given_stories,
)
from mailer.store.ledger_reading import find_delivery, omissions_of_story
from mailer.store.ledger_tables import deliveries, delivery_items
from tests.builders import NOON, at
from tests.store.rows import DAY, Room, add_sending_run, new_delivery, open_room


def plan(connection: Connection, room: Room, *planned: NewDelivery, hour: float = 0) -> int:
    return add_planned(connection, room.run_id, planned, at(hour))


def counts(connection: Connection) -> tuple[int | None, int | None]:
    return (
        connection.scalar(select(func.count()).select_from(deliveries)),
        connection.scalar(select(func.count()).select_from(delivery_items)),
    )


def test_a_planned_delivery_reads_back_as_it_was_planned(database: Database) -> None:
    room = open_room(database, readers=1)
    (one,) = room.subscribers
    first, second = room.story_ids
    with database.write() as connection:
        run_id = add_sending_run(connection, room.newsletter_id, "another")
        items = (NewItem(second, 2, 0, "full", (7, 9)), NewItem(first, 3, 1, "linked", (9,)))
        new = replace(new_delivery(one, (), key="k", expires_at=at(5)), items=items)
        assert add_planned(connection, run_id, [new], NOON) == 1
        row = find_delivery(connection, room.delivery_ids[0] + 1)
    assert (row.key, row.message_id, row.run_id, row.state) == (
        "k",
        "<k@news.example>",
        run_id,
        "queued",
    )
    assert (row.email, row.name) == (new.email, new.name)
    assert (row.planned_at, row.not_before_at, row.expires_at) == (NOON, NOON, at(5))
    assert (row.attempt_count, row.settled_at) == (0, None)
    assert [
        (item.position, item.uid, item.revision, item.section, item.shown, item.follow_ids)
        for item in row.items
    ] == [(0, "two", 2, 0, "full", (7, 9)), (1, "one", 3, 1, "linked", (9,))]


def test_planning_again_adds_nothing_and_changes_nothing(database: Database) -> None:
    room = open_room(database)
    with database.write() as connection:
        before = [find_delivery(connection, each) for each in room.delivery_ids]
        again = [
            new_delivery(one, room.story_ids[:1], expires_at=at(9)) for one in room.subscribers
        ]
        assert plan(connection, room, *again, hour=3) == 0
        assert [find_delivery(connection, each) for each in room.delivery_ids] == before
        assert counts(connection) == (3, 6)


def test_of_a_plan_that_is_there_in_part_the_rest_is_added(database: Database) -> None:
    room = open_room(database, readers=2)
    one, other = room.subscribers
    with database.write() as connection:
        take_back(connection, room.delivery_ids)
        added = plan(
            connection,
            room,
            new_delivery(one, room.story_ids),
            new_delivery(other, room.story_ids, key="new"),
        )
        assert added == 1
        assert counts(connection) == (3, 6)
        keys = select(deliveries.c.key).order_by(deliveries.c.id)
        assert list(connection.scalars(keys)) == ["digest:slot:1", "digest:slot:2", "new"]


def test_a_plan_of_nobody_is_no_work(database: Database) -> None:
    room = open_room(database, readers=1)
    with database.write() as connection:
        assert plan(connection, room) == 0
        add_omissions(connection, room.run_id, [])
        assert given_stories(connection, [], room.story_ids) == {}
        assert given_stories(connection, [1], []) == {}


def test_the_database_gives_a_reader_a_story_once(database: Database) -> None:
    room = open_room(database, readers=2)
    one, _ = room.subscribers
    again = new_delivery(one, room.story_ids[:1], key="again")
    with database.write() as connection:
        with pytest.raises(IntegrityError, match="delivery_items"), connection.begin_nested():
            plan(connection, room, again)
        corrected = new_delivery(one, room.story_ids[:1], key="corrected", revision=2)
        assert plan(connection, room, corrected) == 1
        take_back(connection, room.delivery_ids[:1])
        assert plan(connection, room, again) == 1
        with pytest.raises(IntegrityError), connection.begin_nested():
            plan(connection, room, new_delivery(one, room.story_ids[:1], key="third"))


def test_given_are_the_stories_that_no_ended_delivery_took_back(database: Database) -> None:
    room = open_room(database, readers=3)
    first, second = room.story_ids
    with database.write() as connection:
        assert given_stories(connection, [1, 2, 9], room.story_ids) == {
            1: [first, second],
            2: [first, second],
        }
        take_back(connection, room.delivery_ids[:1])
        assert given_stories(connection, [1, 2], [second]) == {2: [second]}
        assert given_stories(connection, range(1, 2000), room.story_ids).keys() == {2, 3}


def test_a_story_given_at_an_older_revision_counts_as_given(database: Database) -> None:
    room = open_room(database, readers=1)
    with database.write() as connection:
        take_back(connection, room.delivery_ids)
        newer = new_delivery(room.subscribers[0], room.story_ids[:1], key="newer", revision=4)
        plan(connection, room, newer)
        assert given_stories(connection, [1], room.story_ids) == {1: [room.story_ids[0]]}


def test_what_was_in_doubt_is_not_taken_back(database: Database) -> None:
    room = open_room(database, readers=2)
    with database.write() as connection:
        record_events(connection, room.delivery_ids[:1], IN_DOUBT, NOON)
        take_back(connection, room.delivery_ids)
        assert given_stories(connection, [1, 2], room.story_ids) == {1: list(room.story_ids)}


def test_thousands_of_deliveries_are_taken_back_at_once(database: Database) -> None:
    room = open_room(database, readers=1)
    with database.write() as connection:
        take_back(connection, [*range(1000, 40_000), *room.delivery_ids])
        assert given_stories(connection, [1], room.story_ids) == {}


def test_each_run_says_why_it_left_a_story_out(database: Database) -> None:
    room = open_room(database, readers=1)
    first, second = room.story_ids
    with database.write() as connection:
        later = add_sending_run(connection, room.newsletter_id, "later", NOON + DAY)
        add_omissions(
            connection,
            room.run_id,
            [NewOmission(1, first, "muted", "sport"), NewOmission(1, second, "given", "")],
        )
        add_omissions(connection, later, [NewOmission(1, first, "given", "")])
        assert omissions_of_story(connection, 1, first) == [
            (room.run_id, "muted", "sport"),
            (later, "given", ""),
        ]
        assert omissions_of_story(connection, 2, first) == []
