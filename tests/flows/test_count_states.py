"""Counting the ledger by state: what is over is remembered, and nothing else."""

import pytest
from sqlalchemy import update

from mailer.core.deliveries import DeliveryState
from mailer.core.runs import RunState
from mailer.flows import count_states
from mailer.flows.count_states import StateCounter
from mailer.store.database import Connection, Database
from mailer.store.ledger_plan import add_planned
from mailer.store.ledger_tables import deliveries
from mailer.store.runs import count_deliveries, move_run
from tests.builders import NOON, at
from tests.store.rows import Room, new_delivery, open_room


def settle_all(connection: Connection, room: Room) -> None:
    for state in ("claimed", "transmitting", "accepted"):
        connection.execute(update(deliveries).values(state=state))
    move_run(connection, room.run_id, to=RunState.DONE, of=[RunState.SENDING], finished_at=NOON)


def test_a_run_at_work_is_counted_each_time(database: Database) -> None:
    room = open_room(database, readers=3)
    counter = StateCounter(database)
    assert counter.count() == {DeliveryState.QUEUED: 3}
    with database.write() as connection:
        settle_all(connection, room)
    assert counter.count() == {DeliveryState.ACCEPTED: 3}


def test_a_run_that_is_over_is_not_read_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = open_room(database, readers=3)
    asked: list[list[int]] = []

    def watched(connection: Connection, run_ids: list[int]) -> object:
        asked.append(run_ids)
        return count_deliveries(connection, run_ids)

    monkeypatch.setattr(count_states, "count_deliveries", watched)
    counter = StateCounter(database)
    with database.write() as connection:
        settle_all(connection, room)
    assert [counter.count(), counter.count()] == [{DeliveryState.ACCEPTED: 3}] * 2
    assert asked == [[room.run_id], []]


def test_a_run_that_was_opened_again_is(database: Database) -> None:
    room = open_room(database, readers=2)
    counter = StateCounter(database)
    with database.write() as connection:
        settle_all(connection, room)
    counter.count()
    with database.write() as connection:
        move_run(connection, room.run_id, to=RunState.SENDING, of=[RunState.DONE])
        add_planned(connection, room.run_id, [new_delivery(room.subscribers[0], (), "retry")], NOON)
    assert counter.count() == {DeliveryState.ACCEPTED: 2, DeliveryState.QUEUED: 1}


def test_a_doubt_in_a_finished_run_is_not_taken_for_its_end(database: Database) -> None:
    room = open_room(database, readers=1)
    counter = StateCounter(database)
    with database.write() as connection:
        for state in ("claimed", "transmitting", "in_doubt"):
            connection.execute(update(deliveries).values(state=state))
        move_run(
            connection, room.run_id, to=RunState.DONE, of=[RunState.SENDING], finished_at=at(1)
        )
    assert counter.count() == {DeliveryState.IN_DOUBT: 1}
    with database.write() as connection:
        connection.execute(update(deliveries).values(state="accepted"))
    assert counter.count() == {DeliveryState.ACCEPTED: 1}
