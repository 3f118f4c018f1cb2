"""What planning and sending cost the database: few statements, and indexes that are used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.store.database import Connection, Database
from mailer.store.followers import Asking, advance_cursors, read_followers
from mailer.store.ledger_lease import claim, mark, reap
from mailer.store.ledger_plan import add_planned, given_stories
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.ledger_tables import deliveries
from mailer.store.preferences import follows_of, mutes_of
from mailer.store.stories import tag_spans
from mailer.store.tables import follows, mutes, readers, subscriptions
from tests.builders import NOON, at
from tests.store.rows import (
    Subscriber,
    add_newsletter,
    add_sending_run,
    add_stories,
    new_delivery,
    open_room,
    statements,
)

READERS = 1000  # A shard.


def fill(connection: Connection) -> tuple[int, list[Subscriber]]:
    """A shard of readers with two follows each, and a mute for every tenth."""
    newsletter_id = add_newsletter(connection)
    found = [Subscriber(n, n, (2 * n - 1, 2 * n)) for n in range(1, READERS + 1)]
    state = {"state": "confirmed", "created_at": NOON}
    began = {"started_at": NOON, "source": "test"}
    sport = {"expression": "sport", "canonical": "sport"}
    asked = [
        {"expression": tag, "canonical": tag, "cadence": "daily"} for tag in ("china", "japan")
    ]
    connection.execute(
        insert(readers),
        [
            {"email": f"{n}@x.example", "email_key": f"{n}@x.example", **state}
            for n in range(READERS)
        ],
    )
    connection.execute(
        insert(subscriptions),
        [{"reader_id": one.reader_id, "newsletter_id": newsletter_id, **began} for one in found],
    )
    connection.execute(
        insert(follows),
        [
            {"subscription_id": one.subscription_id, "cursor_at": at(-24), **asks, **began}
            for one in found
            for asks in asked
        ],
    )
    connection.execute(
        insert(mutes), [{"reader_id": one.reader_id, **sport, **began} for one in found[::10]]
    )
    return newsletter_id, found


def test_planning_a_shard_takes_statements_by_the_batch(database: Database) -> None:
    with database.write() as connection:
        newsletter_id, found = fill(connection)
        story_ids = add_stories(connection, *(f"story-{number}" for number in range(5)))
        run_id = add_sending_run(connection, newsletter_id)
        planned = [new_delivery(one, story_ids) for one in found]
        with statements(connection) as sent:
            followers = read_followers(
                connection, Asking(newsletter_id, Cadence.DAILY, NOON), lock=True
            )
            ids = [follower.reader.id for follower in followers]
            assert given_stories(connection, ids, story_ids) == {}
            assert add_planned(connection, run_id, planned, NOON) == READERS
            follow_ids = [follow.id for one in followers for follow in one.follows]
            advance_cursors(connection, follow_ids, NOON)
    assert len(followers) == READERS
    assert sum(len(one.mutes) for one in followers) == READERS / 10
    # Two for readers, two batches each for mutes, given stories and keys that are there, four of
    # cursors, one for the next id, and an insert for each table.
    assert len(sent) <= 16


def test_sending_a_window_takes_as_many_statements_as_sending_one_mail(database: Database) -> None:
    open_room(database, readers=20)
    costs = []
    for size in (1, 16):
        with database.write() as connection, statements(connection) as sent:
            token, leased = claim(connection, limit=size, now=NOON)
            ids = mark(connection, [row.id for row in leased], token, NOON)
            done = [
                Settlement(each, DeliveryState.REFUSED, "refused", 550, "no such user")
                for each in ids
            ]
            assert len(settle(connection, done, token, NOON)) == size
        costs.append(len(sent))
    assert costs[0] == costs[1]


def plans(database: Database, work: Callable[[Connection], object]) -> str:
    """How the database goes about the statements of some work."""
    how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.write() as connection:
        with statements(connection) as sent:
            work(connection)
        steps = [
            str(row[-1])
            for statement, values in sent
            for row in connection.exec_driver_sql(f"{how} {statement}", values)
        ]
    return "\n".join(steps)


@pytest.mark.parametrize(
    ("work", "index"),
    [
        pytest.param(
            lambda connection: claim(connection, limit=5, now=NOON),
            "deliveries USING INDEX ix_deliveries_due (not_before_at<?)",
            id="claiming of all runs",
        ),
        pytest.param(
            lambda connection: claim(connection, limit=5, now=NOON, run_id=1),
            "deliveries USING INDEX ix_deliveries_run_id_state (run_id=? AND state=?)",
            id="claiming of one run",
        ),
        pytest.param(
            lambda connection: reap(connection, NOON),
            "deliveries USING INDEX ix_deliveries_leased (lease_until_at<?)",
            id="reaping",
        ),
        pytest.param(
            lambda connection: given_stories(connection, [1, 2], [3, 4]),
            "delivery_items USING INDEX uq_delivery_items_given (reader_id=? AND story_id>?",
            id="what readers were given",
        ),
    ],
)
def test_a_long_ledger_costs_sqlite_an_index_and_no_scan(
    work: Callable[[Connection], object], index: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    copy = shutil.copyfile(migrated_sqlite, tmp_path / "mailer.db")
    database = Database.open(f"sqlite:///{copy}")
    told = plans(database, work)
    database.close()
    assert index in told
    assert "SCAN deliver" not in told
    assert "ORDER BY" not in told


@pytest.mark.parametrize(
    ("work", "index"),
    [
        pytest.param(
            lambda connection: follows_of(connection, 1),
            "follows USING INDEX ix_follows_subscription_id",
            id="what a reader follows and has followed",
        ),
        pytest.param(
            lambda connection: mutes_of(connection, 1),
            "mutes USING INDEX ix_mutes_reader_id",
            id="what a reader mutes and has muted",
        ),
        pytest.param(
            lambda connection: tag_spans(connection, [1]),
            "story_tags USING INDEX ix_story_tags_story_id",
            id="the tags a story has and had",
        ),
    ],
)
def test_what_belongs_to_one_is_found_by_an_index(
    work: Callable[[Connection], object], index: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    copy = shutil.copyfile(migrated_sqlite, tmp_path / "mailer.db")
    database = Database.open(f"sqlite:///{copy}")
    told = plans(database, work)
    database.close()
    assert index in told
    assert "SCAN" not in told


@pytest.mark.parametrize("run_id", [None, 1])
def test_a_long_queue_costs_postgresql_an_index_and_no_sort(
    postgres_database: Database, run_id: int | None
) -> None:
    open_room(postgres_database, readers=1)
    with postgres_database.write() as connection:
        row = connection.execute(select(deliveries)).one()._asdict()
        many = [{**row, "id": n, "key": str(n), "message_id": str(n)} for n in range(100, 5000)]
        connection.execute(insert(deliveries), many)
        connection.execute(text("ANALYZE"))
    told = plans(
        postgres_database, lambda connection: claim(connection, limit=5, now=at(1), run_id=run_id)
    )
    assert "Seq Scan on deliveries" not in told
    assert "Sort" not in told
