"""Runs: the frontier no story slips behind, shards for one worker each, and how a run moves on."""

from datetime import datetime
from threading import Thread

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import RunState, hash_text
from mailer.errors import NotFoundError
from mailer.store.database import Connection, Database
from mailer.store.ledger_lease import claim, mark
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.run_shards import Shard, finish_shard, start_sending, take_shard
from mailer.store.runs import (
    add_run,
    find_run,
    finish_run,
    hold_frontier,
    list_runs,
    move_run,
    run_of_slot,
    unfinished_runs,
)
from mailer.store.stories import read_board_stories
from tests.builders import NOON, at
from tests.store.rows import (
    add_newsletter,
    add_sending_run,
    add_stories,
    open_room,
    until_somebody_waits,
)


def planning_run(connection: Connection, *ends: int, as_of: datetime = NOON) -> int:
    """A run in planning whose shards end at these readers, and one without an end."""
    return add_run(
        connection,
        slot_key="slot",
        newsletter_id=add_newsletter(connection),
        cadence=Cadence.DAILY,
        as_of=as_of,
        now=as_of,
        shard_ends=ends,
    )


def finish(connection: Connection, shard: Shard, plan_hash: int = 1) -> None:
    finish_shard(
        connection,
        shard,
        now=at(1),
        planned_count=3,
        nothing_new_count=2,
        dead_follow_count=1,
        plan_hash=plan_hash,
    )


def test_shards_cover_all_readers_and_those_who_come_meanwhile(database: Database) -> None:
    with database.write() as connection:
        run_id = planning_run(connection, 10, 20)
        taken = []
        while (shard := take_shard(connection, run_id)) is not None:
            taken.append(shard)
            finish(connection, shard)
    assert taken == [
        Shard(run_id, 0, 0, 10),
        Shard(run_id, 1, 10, 20),
        Shard(run_id, 2, 20, None),
    ]


def test_two_planners_never_hold_the_same_shard(postgres_database: Database) -> None:
    with postgres_database.write() as connection:
        run_id = planning_run(connection, 10)
    with postgres_database.write() as one, postgres_database.write() as other:
        first, second = take_shard(one, run_id), take_shard(other, run_id)
        assert first is not None
        assert second is not None
        assert [first.number, second.number] == [0, 1]
        finish(one, first)
        assert take_shard(one, run_id) is None
    with postgres_database.write() as connection:
        assert take_shard(connection, run_id) == second


def test_a_run_sends_once_all_its_shards_are_planned(database: Database) -> None:
    with database.write() as connection:
        run_id = planning_run(connection, 10)
        for plan_hash in (5, 2**128 - 1):
            assert not start_sending(connection, run_id)
            shard = take_shard(connection, run_id)
            assert shard is not None
            finish(connection, shard, plan_hash)
        assert start_sending(connection, run_id)
        assert not start_sending(connection, run_id)
        run = find_run(connection, run_id)
    assert (run.state, run.plan_hash) == (RunState.SENDING, hash_text(4))
    assert (run.shard_count, run.planned_shard_count) == (2, 2)
    assert (run.planned_count, run.nothing_new_count, run.dead_follow_count) == (6, 4, 2)


def test_a_stopped_run_gives_out_no_shard(database: Database) -> None:
    with database.write() as connection:
        run_id = planning_run(connection)
        assert move_run(
            connection, run_id, to=RunState.CANCELLED, of=[RunState.PLANNING], reason="no"
        )
        assert take_shard(connection, run_id) is None
        assert not move_run(connection, run_id, to=RunState.SENDING, of=[RunState.PLANNING])
        run = find_run(connection, run_id)
    assert (run.state, run.state_reason) == (RunState.CANCELLED, "no")


def test_a_run_is_done_when_no_delivery_can_move_by_itself(database: Database) -> None:
    room = open_room(database, readers=2)
    first, second = room.delivery_ids
    with database.write() as connection:
        token, _ = claim(connection, limit=9, now=NOON)
        mark(connection, room.delivery_ids, token, NOON)
        for each, state in ((first, DeliveryState.ACCEPTED), (second, DeliveryState.IN_DOUBT)):
            assert not finish_run(connection, room.run_id, at(1))
            assert [run.id for run in unfinished_runs(connection)] == [room.run_id]
            settle(connection, [Settlement(each, state, str(state), 250, "")], token, NOON)
        assert finish_run(connection, room.run_id, at(1))
        assert unfinished_runs(connection) == []
        run = find_run(connection, room.run_id)
    assert (run.state, run.finished_at, run.open_count) == (RunState.DONE, at(1), 0)
    assert run.counts == {DeliveryState.ACCEPTED: 1, DeliveryState.IN_DOUBT: 1}


def test_runs_are_found_by_slot_and_listed_newest_first(database: Database) -> None:
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        ids = [add_sending_run(connection, newsletter_id, f"slot-{n}") for n in range(3)]
        assert [run.id for run in list_runs(connection, limit=2)] == [ids[2], ids[1]]
        assert run_of_slot(connection, "slot-1") == ids[1]
        assert run_of_slot(connection, "slot-9") is None
        with pytest.raises(NotFoundError, match="no run 99: 'mailer runs list'"):
            find_run(connection, 99)


def test_the_frontier_is_the_latest_moment_a_run_looked_at(database: Database) -> None:
    with database.write() as connection:
        assert hold_frontier(connection, moving=False) is None
        newsletter_id = add_newsletter(connection)
        for number, hour in enumerate((1, 3, 2)):
            add_sending_run(connection, newsletter_id, str(number), at(hour))
        assert hold_frontier(connection, moving=True) == at(3)


def test_a_run_waits_for_the_ingest_under_way_and_sees_its_stories(
    postgres_database: Database,
) -> None:
    seen: list[str] = []

    def open_and_look() -> None:
        with postgres_database.write() as connection:
            hold_frontier(connection, moving=True)
            board = read_board_stories(connection, at(-9), NOON)
            seen.extend(entry.story.uid for entry in board)

    run = Thread(target=open_and_look)
    with postgres_database.write() as connection:
        hold_frontier(connection, moving=False)
        add_stories(connection, "late")
        run.start()
        until_somebody_waits(postgres_database)
    run.join()
    assert seen == ["late"]


def test_an_ingest_waits_for_the_run_that_opens_and_learns_its_moment(
    postgres_database: Database,
) -> None:
    learned: list[datetime | None] = []

    def ingest() -> None:
        with postgres_database.write() as connection:
            learned.append(hold_frontier(connection, moving=False))

    other = Thread(target=ingest)
    with postgres_database.write() as connection:
        hold_frontier(connection, moving=True)
        planning_run(connection, as_of=at(2))
        other.start()
        until_somebody_waits(postgres_database)
    other.join()
    assert learned == [at(2)]


def test_ingests_do_not_wait_for_each_other(postgres_database: Database) -> None:
    with postgres_database.write() as one, postgres_database.write() as other:
        assert hold_frontier(one, moving=False) is None
        assert hold_frontier(other, moving=False) is None
