"""The mark: the last moment at which a mail can be kept back (I5), and the first of doubt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import update

from mailer.core.deliveries import LEASE
from mailer.core.readers import ReaderState
from mailer.core.runs import RunState
from mailer.store.database import Connection, Database
from mailer.store.ledger_lease import claim, mark
from mailer.store.ledger_plan import given_stories
from mailer.store.ledger_reading import events_of
from mailer.store.ledger_tables import deliveries
from mailer.store.readers import change_reader, lock_reader, suppress
from mailer.store.runs import move_run
from mailer.store.tables import readers, subscriptions, suppressions
from tests.builders import NOON, at, reader
from tests.store.rows import (
    Room,
    Subscriber,
    delivery,
    end_subscription,
    open_room,
    states,
    until_somebody_waits,
)

SOON = NOON + timedelta(seconds=1)


def claimed(database: Database, readers: int = 2) -> tuple[Room, str]:
    """A room whose rows are all in our hands."""
    room = open_room(database, readers=readers)
    with database.write() as connection:
        token, _ = claim(connection, limit=99, now=NOON)
    return room, token


def test_marked_rows_count_an_attempt_and_start_a_new_lease(database: Database) -> None:
    room, token = claimed(database)
    with database.write() as connection:
        assert mark(connection, room.delivery_ids, token, SOON) == list(room.delivery_ids)
        assert mark(connection, room.delivery_ids, token, SOON) == []
        assert [e.event for e in events_of(connection, room.delivery_ids[0])] == ["marked"]
    row = delivery(database, room.delivery_ids[0])
    assert (row.state, row.attempt_count) == ("transmitting", 1)
    assert (row.lease_token, row.lease_until_at) == (token, SOON + LEASE)


def test_only_the_rows_of_the_window_are_marked(database: Database) -> None:
    room, token = claimed(database, readers=3)
    with database.write() as connection:
        assert mark(connection, room.delivery_ids[1:2], token, SOON) == [room.delivery_ids[1]]
        assert mark(connection, [], token, SOON) == []
    assert states(database) == ["claimed", "transmitting", "claimed"]


def unsubscribe(connection: Connection, one: Subscriber) -> None:
    lock_reader(connection, one.reader_id)
    end_subscription(connection, one, NOON)


def bounce(connection: Connection, one: Subscriber) -> None:
    assert suppress(connection, reader(one.reader_id).email_key, "bounced", "5.1.1", NOON)


def unconfirm(connection: Connection, one: Subscriber) -> None:
    change_reader(connection, reader(one.reader_id, state=ReaderState.PENDING), NOON)


def erase(connection: Connection, one: Subscriber) -> None:
    change_reader(connection, reader(one.reader_id, state=ReaderState.ERASED), NOON)


def pause(connection: Connection, one: Subscriber) -> None:
    change_reader(connection, reader(one.reader_id, paused_until_at=at(1)), NOON)


def move_house(connection: Connection, one: Subscriber) -> None:
    connection.execute(
        update(readers)
        .where(readers.c.id == one.reader_id)
        .values(email="new@example.org", email_key="new@example.org")
    )


LOST = [
    pytest.param(unsubscribe, "unsubscribed", id="unsubscribed"),
    pytest.param(bounce, "suppressed", id="suppressed"),
    pytest.param(unconfirm, "not confirmed", id="no longer confirmed"),
    pytest.param(erase, "not confirmed", id="erased"),
    pytest.param(pause, "paused", id="paused"),
    pytest.param(move_house, "address changed", id="another address"),
]


@pytest.mark.parametrize(("lose", "reason"), LOST)
def test_lost_consent_withholds_the_mail_and_nobody_elses(
    database: Database, lose: Callable[[Connection, Subscriber], None], reason: str
) -> None:
    room, token = claimed(database)
    lost, kept = room.delivery_ids
    with database.write() as connection:
        lose(connection, room.subscribers[0])
    with database.write() as connection:
        assert mark(connection, room.delivery_ids, token, SOON) == [kept]
        (event,) = events_of(connection, lost)
        assert (event.event, event.detail) == ("withheld", reason)
        assert given_stories(connection, [1, 2], room.story_ids) == {2: list(room.story_ids)}
    row = delivery(database, lost)
    assert (row.state, row.state_reason, row.settled_at) == ("withheld", reason, SOON)
    assert (row.attempt_count, row.lease_token) == (0, None)


def end_pause(connection: Connection, one: Subscriber) -> None:
    change_reader(connection, reader(one.reader_id, paused_until_at=SOON), NOON)


def end_suppression(connection: Connection, one: Subscriber) -> None:
    bounce(connection, one)
    connection.execute(update(suppressions).values(ended_at=NOON))


def rename(connection: Connection, one: Subscriber) -> None:
    change_reader(connection, replace(reader(one.reader_id), name="Another"), NOON)


@pytest.mark.parametrize("change", [end_pause, end_suppression, rename])
def test_what_is_no_loss_of_consent_keeps_nothing_back(
    database: Database, change: Callable[[Connection, Subscriber], None]
) -> None:
    room, token = claimed(database, readers=1)
    with database.write() as connection:
        change(connection, room.subscribers[0])
        assert mark(connection, room.delivery_ids, token, SOON) == list(room.delivery_ids)


def test_a_reader_who_came_back_is_not_sent_what_an_ended_subscription_asked(
    database: Database,
) -> None:
    room, token = claimed(database, readers=1)
    (one,) = room.subscribers
    with database.write() as connection:
        end_subscription(connection, one, NOON)
        began = {"started_at": NOON, "source": "test"}
        connection.execute(
            subscriptions.insert().values(
                reader_id=one.reader_id, newsletter_id=room.newsletter_id, **began
            )
        )
        assert mark(connection, room.delivery_ids, token, SOON) == []


@pytest.mark.parametrize(
    ("mine", "now"),
    [
        pytest.param(False, SOON, id="another token"),
        pytest.param(True, NOON + LEASE, id="my lease is over"),
    ],
)
def test_who_does_not_hold_the_lease_marks_and_withholds_nothing(
    database: Database, mine: bool, now: datetime
) -> None:
    room, token = claimed(database)
    with database.write() as connection:
        end_subscription(connection, room.subscribers[0], NOON)
        assert mark(connection, room.delivery_ids, token if mine else "another", now) == []
    assert states(database) == ["claimed"] * 2


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.CANCELLED])
def test_a_run_that_was_stopped_marks_nothing(database: Database, state: RunState) -> None:
    room, token = claimed(database)
    with database.write() as connection:
        move_run(connection, room.run_id, to=state, of=[RunState.SENDING])
        assert mark(connection, room.delivery_ids, token, SOON) == []
    assert states(database) == ["claimed"] * 2


def test_a_mail_whose_time_is_over_is_not_marked(database: Database) -> None:
    room, token = claimed(database, readers=1)
    with database.write() as connection:
        connection.execute(update(deliveries).values(expires_at=SOON))
        assert mark(connection, room.delivery_ids, token, SOON) == []


@pytest.mark.parametrize(("lose", "reason"), LOST)
def test_a_mark_waits_for_consent_that_is_being_lost(
    postgres_database: Database, lose: Callable[[Connection, Subscriber], None], reason: str
) -> None:
    room, token = claimed(postgres_database)
    lost, kept = room.delivery_ids
    marked: list[int] = []

    def send() -> None:
        with postgres_database.write() as connection:
            marked.extend(mark(connection, room.delivery_ids, token, SOON))

    sender = Thread(target=send)
    with postgres_database.write() as connection:
        lose(connection, room.subscribers[0])
        sender.start()
        until_somebody_waits(postgres_database)
        assert marked == []
    sender.join()
    assert marked == [kept]
    assert delivery(postgres_database, lost).state_reason == reason


def test_an_unsubscribe_waits_for_the_mark_it_came_after(postgres_database: Database) -> None:
    room, token = claimed(postgres_database, readers=1)

    def leave() -> None:
        with postgres_database.write() as connection:
            unsubscribe(connection, room.subscribers[0])

    leaver = Thread(target=leave)
    with postgres_database.write() as connection:
        assert mark(connection, room.delivery_ids, token, SOON) == list(room.delivery_ids)
        leaver.start()
        until_somebody_waits(postgres_database)
    leaver.join()
    assert states(postgres_database) == ["transmitting"]


def test_marks_of_one_reader_do_not_wait_for_each_other(postgres_database: Database) -> None:
    room, token = claimed(postgres_database, readers=2)
    first, second = room.delivery_ids
    with postgres_database.write() as connection:
        connection.execute(update(deliveries).values(reader_id=room.subscribers[0].reader_id))
    with postgres_database.write() as one, postgres_database.write() as other:
        assert mark(one, [first], token, SOON) == [first]
        assert mark(other, [second], token, SOON) == []
    assert delivery(postgres_database, second).state_reason == "address changed"
