"""Claiming due rows: a lease, at most so many, never one row in two hands; giving back, holding."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from mailer.core.deliveries import LeasedDelivery
from mailer.core.runs import RunState
from mailer.store.database import Database
from mailer.store.ledger_lease import claim, hold, reap, release
from mailer.store.ledger_plan import add_planned, given_stories
from mailer.store.ledger_reading import events_of
from mailer.store.ledger_tables import deliveries
from mailer.store.runs import move_run
from tests.builders import NOON, at
from tests.store.rows import (
    DAY,
    add_sending_run,
    delivery,
    new_delivery,
    open_room,
    states,
)


def claimed(
    database: Database, now: datetime = NOON, *, limit: int = 9, run_id: int | None = None
) -> list[int]:
    with database.write() as connection:
        _, leased = claim(connection, limit=limit, now=now, run_id=run_id)
    return [row.id for row in leased]


def test_a_claimed_row_is_leased_and_says_what_sending_needs(database: Database) -> None:
    room = open_room(database, readers=1)
    (each,) = room.delivery_ids
    with database.write() as connection:
        token, leased = claim(connection, limit=9, now=at(2))
    assert leased == [
        LeasedDelivery(
            each, room.run_id, "digest:slot:1", "<digest:slot:1@news.example>",
            "reader-1@example.org", 0, NOON + DAY,
        )
    ]  # fmt: skip
    row = delivery(database, each)
    assert (row.state, row.lease_token) == ("claimed", token)
    assert row.lease_until_at == at(2) + timedelta(seconds=60)


def test_claims_take_at_most_so_many_the_longest_due_first(database: Database) -> None:
    room = open_room(database, readers=4)
    first, second, third, fourth = room.delivery_ids
    with database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == third)
            .values(not_before_at=NOON - timedelta(hours=1))
        )
    assert claimed(database, limit=2) == [first, third]
    assert claimed(database, limit=2) == [second, fourth]
    assert claimed(database, limit=2) == []


def test_each_claim_has_a_token_of_its_own(database: Database) -> None:
    open_room(database, readers=2)
    with database.write() as connection:
        tokens = {claim(connection, limit=1, now=NOON)[0] for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) >= 32 for token in tokens)


def test_a_row_is_due_from_its_moment_on(database: Database) -> None:
    open_room(database, readers=1)
    assert claimed(database, NOON - timedelta(microseconds=1)) == []
    assert len(claimed(database, NOON)) == 1


def test_a_claim_of_one_run_leaves_the_others(database: Database) -> None:
    room = open_room(database, readers=2)
    with database.write() as connection:
        other_id = add_sending_run(connection, room.newsletter_id, "other")
        add_planned(connection, other_id, [new_delivery(room.subscribers[0], (), key="k")], NOON)
    assert len(claimed(database, run_id=other_id)) == 1
    assert claimed(database, run_id=other_id) == []
    assert claimed(database, run_id=room.run_id) == list(room.delivery_ids)


@pytest.mark.parametrize(
    ("state", "hands_out"),
    [
        (RunState.PLANNING, True),
        (RunState.SENDING, True),
        (RunState.PAUSED, False),
        (RunState.CANCELLED, False),
        (RunState.DONE, False),
    ],
)
def test_only_a_run_that_goes_on_hands_out_rows(
    database: Database, state: RunState, hands_out: bool
) -> None:
    room = open_room(database, readers=1)
    with database.write() as connection:
        move_run(connection, room.run_id, to=state, of=[RunState.SENDING])
    assert bool(claimed(database)) is hands_out


def test_a_row_past_its_end_expires_and_gives_its_stories_back(database: Database) -> None:
    room = open_room(database, readers=2, expires_at=at(1))
    assert len(claimed(database, at(1) - timedelta(seconds=1), limit=1)) == 1
    assert claimed(database, at(1)) == []
    assert sorted(states(database)) == ["claimed", "expired"]
    expired = room.delivery_ids[states(database).index("expired")]
    row = delivery(database, expired)
    assert (row.state_reason, row.settled_at) == ("its time was over", at(1))
    with database.read() as connection:
        assert [event.event for event in events_of(connection, expired)] == ["expired"]
        assert len(given_stories(connection, [1, 2], room.story_ids)) == 1


def test_expired_rows_do_not_hide_the_fresh_ones_behind_them(database: Database) -> None:
    room = open_room(database, readers=5)
    with database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(room.delivery_ids[:4]))
            .values(expires_at=at(1))
        )
    assert claimed(database, at(2), limit=2) == [room.delivery_ids[4]]
    assert states(database) == ["expired"] * 4 + ["claimed"]


def test_claims_at_the_same_time_pass_over_each_others_rows(postgres_database: Database) -> None:
    room = open_room(postgres_database, readers=3)
    with postgres_database.write() as one, postgres_database.write() as other:
        _, mine = claim(one, limit=2, now=NOON)
        _, hers = claim(other, limit=2, now=NOON)
        _, nothing = claim(other, limit=2, now=NOON)
    assert [row.id for row in mine + hers] == list(room.delivery_ids)
    assert nothing == []


def test_four_workers_empty_the_queue_and_no_row_is_handed_out_twice(database: Database) -> None:
    room = open_room(database, readers=40)
    ready = Barrier(4)
    taken: list[int] = []

    def work() -> None:
        ready.wait()
        while some := claimed(database, limit=3):
            taken.extend(some)

    with ThreadPoolExecutor(4) as workers:
        done = [workers.submit(work) for _ in range(4)]
    assert [each.result() for each in done] == [None] * 4
    assert sorted(taken) == list(room.delivery_ids)


def test_only_my_claimed_rows_can_be_given_back(database: Database) -> None:
    room = open_room(database, readers=3)
    with database.write() as connection:
        token, leased = claim(connection, limit=2, now=NOON)
        mine = [row.id for row in leased]
        assert release(connection, room.delivery_ids, "another token", "halted") == []
        assert sorted(release(connection, room.delivery_ids, token, "halted")) == mine
        assert release(connection, room.delivery_ids, token, "halted") == []
    assert states(database) == ["queued"] * 3
    row = delivery(database, mine[0])
    assert (row.state_reason, row.lease_token, row.lease_until_at) == ("halted", None, None)
    assert row.attempt_count == 0
    assert claimed(database) == list(room.delivery_ids)


def test_a_row_that_cannot_be_built_is_held_and_keeps_its_stories(database: Database) -> None:
    room = open_room(database, readers=2)
    first, second = room.delivery_ids
    with database.write() as connection:
        token, _ = claim(connection, limit=9, now=NOON)
        hold(connection, first, "another token", at(1), "no template")
        hold(connection, second, token, at(1), "no template")
        hold(connection, second, token, at(1), "no template")
        assert [event.event for event in events_of(connection, second)] == ["held"]
        assert events_of(connection, first) == []
        assert given_stories(connection, [2], room.story_ids) == {2: list(room.story_ids)}
    assert states(database) == ["claimed", "held"]
    assert delivery(database, second).state_reason == "no template"
    assert claimed(database) == []


def test_a_row_on_its_last_lease_is_claimed_alone_and_holds_up_no_other(
    database: Database,
) -> None:
    room = open_room(database, readers=4)
    first, second, third, fourth = room.delivery_ids
    with database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([second, fourth]))
            .values(lost_lease_count=2)
        )
    assert claimed(database) == [first, third]
    assert claimed(database) == [second]
    assert claimed(database) == [fourth]
    assert claimed(database) == []


def test_workers_that_die_three_times_hold_only_what_the_last_of_them_had(
    database: Database,
) -> None:
    room = open_room(database, readers=4)
    for death in range(3):
        assert claimed(database, at(death * 2)) == list(room.delivery_ids)[: 4 if death < 2 else 1]
        with database.write() as connection:
            reap(connection, at(death * 2 + 1) + timedelta(seconds=1))
    assert states(database) == ["held", "queued", "queued", "queued"]
