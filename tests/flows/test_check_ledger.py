"""The ledger's invariants: each finds what breaks it, and a life of many turns breaks none."""

from datetime import timedelta

import pytest

from mailer.core.deliveries import InDoubtPolicy
from mailer.core.readers import Cadence
from mailer.flows.check_ledger import check_ledger
from mailer.flows.recover import recover
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.flows.steer_run import Steer
from mailer.ports import Accepted, Deferred, Misconfigured
from mailer.store.database import Database
from mailer.store.ledger_lease import hold, release
from tests.builders import NOON
from tests.flows.ledger import LATER, NO, NOBODY_KNOWS, YES, Ledger, open_ledger

MINUTE = timedelta(minutes=1)
# A table of the same rows without any constraint or trigger: only there can the worst happen.
LAX = {
    True: (
        "ALTER TABLE deliveries RENAME TO kept_deliveries",
        "CREATE TABLE deliveries AS SELECT * FROM kept_deliveries",
        "ALTER TABLE delivery_items RENAME TO kept_items",
        "CREATE TABLE delivery_items AS SELECT * FROM kept_items",
    ),
    False: (
        "DROP TRIGGER delivery_arrow ON deliveries",
        "ALTER TABLE deliveries DROP CONSTRAINT uq_deliveries_key",
        "ALTER TABLE deliveries DROP CONSTRAINT uq_deliveries_message_id",
        "DROP INDEX uq_delivery_items_given",
    ),
}


def lived(database: Database) -> Ledger:
    """Three mails: 1 accepted, 2 refused, 3 put off once and in doubt; two more wait."""
    ledger = open_ledger(database, mails=5)
    ledger.send(YES, NO, Deferred(451, "4.7.1 try later", counts=False))
    ledger.execute("UPDATE deliveries SET not_before_at = planned_at WHERE id = 3")
    ledger.execute("UPDATE deliveries SET state = 'claimed', lease_token = 'x' WHERE id > 3")
    ledger.send(NOBODY_KNOWS)
    ledger.execute("UPDATE deliveries SET state = 'queued', lease_token = NULL WHERE id > 3")
    assert [str(state) for state in ledger.states] == [
        "accepted",
        "refused",
        "in_doubt",
        "queued",
        "queued",
    ]
    assert ledger.broken() == {}
    ledger.execute(*LAX[database.is_sqlite])
    return ledger


def event(delivery_id: int, event: str, code: str = "NULL", minutes: int = 0) -> str:
    return (
        "INSERT INTO delivery_events (delivery_id, at, event, code, detail) "
        f"VALUES ({delivery_id}, '2026-03-10 12:{minutes:02}:00', '{event}', {code}, '')"
    )


def copied(column: str) -> str:
    """The statement that makes delivery 5 share a column with delivery 4."""
    value = f"(SELECT {column} FROM deliveries WHERE id = 4)"
    return f"UPDATE deliveries SET {column} = {value} WHERE id = 5"


SUPPRESSED = (
    "INSERT INTO suppressions (email_key, reason, evidence, started_at) "
    "SELECT email_key, 'complaint', '', '{at}' FROM deliveries WHERE id = 1"
)
UNSUBSCRIBED = (
    "UPDATE subscriptions SET ended_at = '2026-03-10 11:59:00' WHERE id = "
    "(SELECT subscription_id FROM deliveries WHERE id = 2)"
)
SHARED = (
    "UPDATE delivery_items SET reader_id = "
    "(SELECT reader_id FROM deliveries WHERE id = 4) WHERE delivery_id = 5"
)
PLANTS: dict[str, tuple[str, tuple[str, ...], tuple[int, ...]]] = {
    "a key twice": ("one row per key", (copied("key"),), (4, 5)),
    "a Message-ID twice": ("one row per key", (copied("message_id"),), (4, 5)),
    "a move no arrow allows": ("only the arrows", (event(4, "accepted"),), (4,)),
    "a mark upon a mark": ("only the arrows", (event(4, "marked"), event(4, "marked")), (4,)),
    "a state set by hand": (
        "state as recorded",
        ("UPDATE deliveries SET state = 'held' WHERE id = 4",),
        (4,),
    ),
    "a doubt that vanished": (
        "state as recorded",
        ("UPDATE deliveries SET state = 'queued' WHERE id = 3",),
        (3,),
    ),
    "a refused mail that goes on": ("terminal rows rest", (event(2, "resent"),), (2,)),
    "accepted without an answer": (
        "accepted by the server",
        ("DELETE FROM delivery_events WHERE delivery_id = 1 AND code = 250",),
        (1,),
    ),
    "accepted twice": ("accepted by the server", (event(1, "accepted", "250"),), (1,)),
    "an answer without acceptance": (
        "accepted by the server",
        (event(3, "accepted", "250"),),
        (3,),
    ),
    "sent without a mark": (
        "marked before sent",
        ("DELETE FROM delivery_events WHERE delivery_id = 2 AND event = 'marked'",),
        (2,),
    ),
    "at work without a lease": (
        "marked before sent",
        ("UPDATE deliveries SET state = 'claimed', lease_token = NULL WHERE id = 5",),
        (5,),
    ),
    "marked after the end of the subscription": (
        "consent before mark",
        (UNSUBSCRIBED,),
        (2,),
    ),
    "marked while suppressed": (
        "consent before mark",
        (SUPPRESSED.format(at="2026-03-10 11:59:00"),),
        (1,),
    ),
    "a row too many": (
        "counts add up",
        ("UPDATE run_shards SET planned_count = 4",),
        (1,),
    ),
    "a done run with work": ("done is done", ("UPDATE runs SET state = 'done'",), (1,)),
    "other bytes the second time": (
        "same bytes again",
        ("UPDATE delivery_events SET detail = 'content ' || id WHERE event = 'marked'",),
        (3,),
    ),
    "no end of attempts": (
        "attempts are bounded",
        ("UPDATE deliveries SET attempt_count = 25 WHERE id = 4",),
        (4,),
    ),
    "due before its time": (
        "retries move on",
        (event(4, "marked"), event(4, "deferred", "451", 30)),
        (4,),
    ),
    "still waiting after its time": (
        "settled in time",
        ("UPDATE deliveries SET expires_at = '2026-03-10 11:00:00' WHERE id = 5",),
        (5,),
    ),
    "a story in two mails that stand": (
        "a story once",
        (SHARED,),
        (4, 5),
    ),
    "stories of a mail that stands taken back": (
        "stories follow their mail",
        ("UPDATE delivery_items SET given = false WHERE delivery_id = 1",),
        (1,),
    ),
    "stories of a refused mail still given": (
        "stories follow their mail",
        ("UPDATE delivery_items SET given = true WHERE delivery_id = 2",),
        (2,),
    ),
    "a run nobody opened": (
        "all it names is there",
        ("UPDATE deliveries SET run_id = 99 WHERE id = 4",),
        (4,),
    ),
    "a reader nobody knows": (
        "all it names is there",
        ("UPDATE deliveries SET reader_id = 99 WHERE id = 4",),
        (4,),
    ),
    "a subscription nobody made": (
        "all it names is there",
        ("UPDATE deliveries SET subscription_id = 99 WHERE id = 5",),
        (5,),
    ),
    "stories of no mail": (
        "all it names is there",
        ("UPDATE delivery_items SET delivery_id = 99 WHERE delivery_id = 5",),
        (99,),
    ),
    "a story nobody wrote": (
        "all it names is there",
        ("UPDATE delivery_items SET story_id = 99 WHERE delivery_id = 5",),
        (5,),
    ),
}


@pytest.mark.parametrize("planted", PLANTS)
def test_what_breaks_an_invariant_is_found(database: Database, planted: str) -> None:
    name, statements, ids = PLANTS[planted]
    ledger = lived(database)

    ledger.execute(*statements)

    assert ledger.broken()[name] == ids


def test_each_invariant_has_something_that_breaks_it(database: Database) -> None:
    open_ledger(database)
    found = check_ledger(database, now=NOON)

    assert {each.invariant.name for each in found} == {name for name, _, _ in PLANTS.values()}
    assert not any(each.count for each in found)


def test_twenty_are_shown_and_all_are_counted(database: Database) -> None:
    ledger = open_ledger(database, mails=25)
    ledger.execute("UPDATE deliveries SET attempt_count = 25")

    [found] = [each for each in check_ledger(database, now=NOON) if each.count]

    assert (found.count, len(found.ids)) == (25, 20)


def test_clocks_and_locks_that_differ_by_seconds_break_nothing(database: Database) -> None:
    ledger = lived(database)

    ledger.execute(SUPPRESSED.format(at="2026-03-10 11:59:55"))

    assert ledger.broken() == {}


def test_an_ended_suppression_is_no_hindrance(database: Database) -> None:
    ledger = lived(database)

    ledger.execute(
        SUPPRESSED.format(at="2026-03-10 11:00:00"),
        "UPDATE suppressions SET ended_at = '2026-03-10 11:30:00'",
    )

    assert ledger.broken() == {}


def test_a_life_of_many_turns_breaks_nothing(database: Database) -> None:
    ledger = open_ledger(database, mails=12, cadence=Cadence.WEEKLY)
    now = NOON

    def turn() -> None:
        nonlocal now
        now += 10 * MINUTE
        recover(database, now=now, policy=InDoubtPolicy.RESEND)
        assert ledger.broken(now) == {}

    ledger.send(YES, NO, LATER, NOBODY_KNOWS, Misconfigured(535, "login"), Accepted(251, "ok"))
    ledger.steer(Steer.RESUME, now=now)
    lost = ledger.claim(limit=2, now=now)
    ledger.mark(limit=1, now=now)
    turn()
    assert lost.mark(now) == []
    ledger.execute(
        "UPDATE subscriptions SET ended_at = '2026-03-10 12:10:00' WHERE id IN "
        "(SELECT subscription_id FROM deliveries WHERE state = 'queued' AND id = 9)"
    )
    ledger.claim(now=now).mark(now)
    turn()
    ledger.steer(Steer.RETRY, now=now)
    batch = ledger.claim(now=now)
    with database.write() as connection:
        hold(connection, batch.rows[0].id, batch.token, now, "cannot be built")
        release(connection, [row.id for row in batch.rows], batch.token, "halted")
    turn()
    for row in ledger.rows:
        if row.state in ("held", "in_doubt"):
            resolution = Resolution.ACCEPT if row.id % 2 else Resolution.RESEND
            resolve_delivery(database, row.id, resolution, now=now)
    turn()
    # Mail to who unsubscribed is withheld when it is its turn; the other four are sent.
    batch = ledger.claim(5, now)
    marked = batch.mark(now)
    batch.rows = [row for row in batch.rows if row.id in marked]
    batch.answer(NOBODY_KNOWS, LATER, NO, YES, now=now)
    turn()
    ledger.steer(Steer.PAUSE, now=now)
    now += timedelta(days=5)
    turn()
    assert {str(state) for state in ledger.states} <= {
        "accepted",
        "refused",
        "withheld",
        "expired",
        "in_doubt",
        "held",
    }
    run = ledger.run
    assert run.planned_count == sum(run.counts.values())
