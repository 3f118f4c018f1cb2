"""Settling what was transmitted, and taking back what dead workers left."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from mailer.core.deliveries import LEASE, NOT_GIVEN, TERMINAL, DeliveryState
from mailer.core.runs import RunState
from mailer.store.database import Connection, Database
from mailer.store.ledger_lease import claim, hold, mark, reap, release
from mailer.store.ledger_plan import given_stories
from mailer.store.ledger_reading import EventRow, events_of
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.ledger_tables import deliveries
from mailer.store.runs import move_run
from tests.builders import NOON, at
from tests.store.rows import Room, delivery, open_room, states

S = DeliveryState
SOON = NOON + timedelta(seconds=1)
LATER = SOON + timedelta(seconds=1)
OVER = SOON + LEASE


def sending(database: Database, readers: int = 2) -> tuple[Room, str]:
    """A room whose rows we are transmitting."""
    room = open_room(database, readers=readers)
    with database.write() as connection:
        token, _ = claim(connection, limit=99, now=NOON)
        mark(connection, room.delivery_ids, token, SOON)
    return room, token


def outcome(
    delivery_id: int,
    state: DeliveryState = S.ACCEPTED,
    *,
    again_at: datetime | None = None,
    counts: bool = True,
) -> Settlement:
    event = "deferred" if state is S.QUEUED else str(state)
    return Settlement(delivery_id, state, event, 250, f"2.0.0 as {delivery_id}", again_at, counts)


def events(connection: Connection, delivery_id: int) -> list[str]:
    return [event.event for event in events_of(connection, delivery_id)]


@pytest.mark.parametrize("state", [S.ACCEPTED, S.REFUSED, S.IN_DOUBT])
def test_an_outcome_ends_the_lease_and_is_kept_with_the_servers_words(
    database: Database, state: DeliveryState
) -> None:
    room, token = sending(database, readers=1)
    (each,) = room.delivery_ids
    with database.write() as connection:
        assert settle(connection, [outcome(each, state)], token, LATER) == [each]
        marked, settled = events_of(connection, each)
        assert marked.event == "marked"
        assert settled == EventRow(LATER, str(state), 250, f"2.0.0 as {each}")
        given = given_stories(connection, [1], room.story_ids)
    row = delivery(database, each)
    assert (row.state, row.reply_code, row.reply) == (state, 250, f"2.0.0 as {each}")
    assert (row.attempt_count, row.settled_at, row.lease_until_at) == (1, LATER, None)
    assert given == ({} if state in NOT_GIVEN else {1: list(room.story_ids)})


def test_a_deferred_row_goes_back_to_the_queue_for_later(database: Database) -> None:
    room, token = sending(database, readers=1)
    (each,) = room.delivery_ids
    with database.write() as connection:
        settle(connection, [outcome(each, S.QUEUED, again_at=at(1))], token, LATER)
        assert given_stories(connection, [1], room.story_ids) == {1: list(room.story_ids)}
        assert claim(connection, limit=9, now=at(0.9))[1] == []
        (again,) = claim(connection, limit=9, now=at(1))[1]
    assert (again.id, again.attempt_count) == (each, 1)
    row = delivery(database, each)
    assert (row.not_before_at, row.settled_at) == (at(1), None)


def test_a_message_that_was_never_judged_counts_no_attempt(database: Database) -> None:
    room, token = sending(database, readers=1)
    unjudged = outcome(room.delivery_ids[0], S.QUEUED, again_at=at(1), counts=False)
    with database.write() as connection:
        settle(connection, [unjudged], token, LATER)
    assert delivery(database, room.delivery_ids[0]).attempt_count == 0


def test_no_row_waits_beyond_its_end(database: Database) -> None:
    room, token = sending(database, readers=1)
    (each,) = room.delivery_ids
    end_at = NOON + timedelta(days=1)
    with database.write() as connection:
        settle(connection, [outcome(each, S.QUEUED, again_at=at(30))], token, LATER)
        assert claim(connection, limit=9, now=end_at)[1] == []
        assert events(connection, each) == ["marked", "deferred", "expired"]
    assert states(database) == ["expired"]


def test_a_window_is_settled_row_by_row_in_its_own_way(database: Database) -> None:
    room, token = sending(database, readers=4)
    first, second, third, fourth = room.delivery_ids
    window = [
        outcome(third, S.REFUSED),
        outcome(first),
        outcome(second, S.QUEUED, again_at=at(1)),
        outcome(fourth, S.IN_DOUBT),
        outcome(99),
    ]
    with database.write() as connection:
        assert settle(connection, window, token, LATER) == [third, first, second, fourth]
        assert settle(connection, [], token, LATER) == []
        given = given_stories(connection, [1, 2, 3, 4], room.story_ids)
    assert states(database) == ["accepted", "queued", "refused", "in_doubt"]
    assert given.keys() == {1, 2, 4}
    assert delivery(database, first).reply == f"2.0.0 as {first}"


@pytest.mark.parametrize("state", [S.ACCEPTED, S.REFUSED, S.QUEUED, S.IN_DOUBT])
def test_another_token_settles_nothing(database: Database, state: DeliveryState) -> None:
    room, _ = sending(database, readers=1)
    (each,) = room.delivery_ids
    before = delivery(database, each)
    with database.write() as connection:
        assert settle(connection, [outcome(each, state, again_at=at(1))], "another", LATER) == []
        assert events(connection, each) == ["marked"]
    assert delivery(database, each) == before


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_what_ended_never_moves(database: Database, state: DeliveryState) -> None:
    _, token = sending(database, readers=1)
    other = {"id": 99, "key": "ended", "message_id": "ended", "state": state.value}
    with database.write() as connection:
        leased = connection.execute(select(deliveries)).one()._asdict()
        connection.execute(insert(deliveries), {**leased, **other})
        for target in (S.ACCEPTED, S.REFUSED, S.QUEUED, S.IN_DOUBT):
            assert settle(connection, [outcome(99, target, again_at=at(1))], token, LATER) == []
        assert mark(connection, [99], token, LATER) == []
        assert release(connection, [99], token, "halted") == []
        hold(connection, 99, token, LATER, "no template")
        reap(connection, OVER)
        assert claim(connection, limit=9, now=at(99))[1] == []
        assert events(connection, 99) == []
    assert states(database) == ["in_doubt", state]


def test_leases_that_are_alive_are_not_reaped(database: Database) -> None:
    open_room(database, readers=2)
    with database.write() as connection:
        token, leased = claim(connection, limit=1, now=SOON)
        mark(connection, [row.id for row in leased], token, SOON)
        claim(connection, limit=1, now=SOON)
        assert reap(connection, OVER - timedelta(microseconds=1)) == (0, 0)
    assert sorted(states(database)) == ["claimed", "transmitting"]


def test_a_dead_workers_rows_go_back_or_into_doubt(database: Database) -> None:
    room = open_room(database, readers=2)
    sent, unsent = room.delivery_ids
    with database.write() as connection:
        token, _ = claim(connection, limit=9, now=SOON)
        mark(connection, [sent], token, SOON)
        assert reap(connection, OVER) == (1, 1)
        assert reap(connection, OVER) == (0, 0)
        assert events(connection, sent) == ["marked", "in doubt"]
        assert events(connection, unsent) == ["lease lost"]
        assert given_stories(connection, [1, 2], room.story_ids).keys() == {1, 2}
        assert mark(connection, [unsent], token, OVER) == []
        assert [row.id for row in claim(connection, limit=9, now=OVER)[1]] == [unsent]
    assert states(database) == ["in_doubt", "claimed"]
    assert delivery(database, unsent).lost_lease_count == 1


def test_a_row_that_lost_its_third_lease_is_held(database: Database) -> None:
    room = open_room(database, readers=1)
    found = []
    with database.write() as connection:
        for hour in range(3):
            assert len(claim(connection, limit=9, now=at(hour))[1]) == 1
            reap(connection, at(hour) + LEASE)
            found.append(
                connection.scalar(deliveries.select().with_only_columns(deliveries.c.state))
            )
        assert claim(connection, limit=9, now=at(4))[1] == []
        assert events(connection, room.delivery_ids[0]) == ["lease lost", "lease lost", "held"]
        assert given_stories(connection, [1], room.story_ids) == {1: list(room.story_ids)}
    assert found == ["queued", "queued", "held"]


def test_an_answer_that_came_after_the_lease_was_over_ends_the_doubt(database: Database) -> None:
    room, token = sending(database, readers=2)
    first, second = room.delivery_ids
    with database.write() as connection:
        assert reap(connection, OVER) == (0, 2)
        assert settle(connection, [outcome(first)], "another", OVER) == []
        assert settle(connection, [outcome(first)], token, OVER) == [first]
        assert settle(connection, [outcome(first, S.REFUSED)], token, OVER) == []
        assert settle(connection, [outcome(second, S.IN_DOUBT)], token, OVER) == []
    assert states(database) == ["accepted", "in_doubt"]


def test_queued_rows_of_a_paused_run_expire_too(database: Database) -> None:
    room = open_room(database, readers=2, expires_at=at(1))
    with database.write() as connection:
        move_run(connection, room.run_id, to=RunState.PAUSED, of=[RunState.SENDING])
        reap(connection, at(1) - timedelta(seconds=1))
        assert given_stories(connection, [1, 2], room.story_ids).keys() == {1, 2}
        assert reap(connection, at(1)) == (0, 0)
        assert given_stories(connection, [1, 2], room.story_ids) == {}
    assert states(database) == ["expired"] * 2


def test_the_reaper_passes_over_what_somebody_settles(postgres_database: Database) -> None:
    room, token = sending(postgres_database, readers=2)
    first, second = room.delivery_ids
    with postgres_database.write() as worker, postgres_database.write() as reaper:
        settle(worker, [outcome(first)], token, OVER)
        assert reap(reaper, OVER) == (0, 1)
    assert states(postgres_database) == ["accepted", "in_doubt"]
    assert delivery(postgres_database, second).state_reason == "the worker died while sending"
