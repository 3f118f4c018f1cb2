"""Rows for tests of the store: readers who follow, stories, and a ledger with one run."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, event, select, text, update

from mailer.core.expressions import canonical, parse
from mailer.core.readers import OF_FOLLOWS, Cadence, Newsletter
from mailer.core.runs import RunState
from mailer.core.stories import StoryDraft
from mailer.store.database import Connection, Database
from mailer.store.ledger_plan import NewDelivery, NewItem, add_planned
from mailer.store.ledger_tables import deliveries
from mailer.store.newsletters import save_newsletter
from mailer.store.preferences import ensure_subscription, start_follow
from mailer.store.readers import add_reader
from mailer.store.runs import add_run, move_run
from mailer.store.stories import find_stories
from mailer.store.story_recording import record_draft
from mailer.store.tables import subscriptions
from tests.builders import NOON, VOCABULARY, at, reader

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Subscriber:
    """A reader in the store, with her subscription and follows."""

    reader_id: int
    subscription_id: int
    follow_ids: tuple[int, ...]


@dataclass(frozen=True)
class Room:
    """A newsletter with subscribers, stories, and a run that has one queued mail for each."""

    database: Database
    newsletter_id: int
    run_id: int
    subscribers: tuple[Subscriber, ...]
    story_ids: tuple[int, ...]
    delivery_ids: tuple[int, ...]


def add_newsletter(connection: Connection, slug: str = "asia") -> int:
    """A newsletter that has every cadence."""
    return save_newsletter(
        connection,
        Newsletter(
            id=0,
            slug=slug,
            name=slug.title(),
            description="",
            sender_name=slug.title(),
            sender_address=f"{slug}@news.example",
            reply_to="",
            template="digest",
            locales=("en",),
            cadences=OF_FOLLOWS,
            base_expression="*",
            timezone="UTC",
        ),
    )


def add_subscriber(
    connection: Connection,
    newsletter_id: int,
    number: int,
    *expressions: str,
    cadence: Cadence = Cadence.DAILY,
    cursor_at: datetime = NOON - DAY,
    **changes: Any,
) -> Subscriber:
    """A confirmed reader who follows these expressions; `changes` are of the reader."""
    began = NOON - 30 * DAY
    reader_id = add_reader(connection, reader(number, **changes), began)
    subscription_id = ensure_subscription(
        connection, reader_id, newsletter_id, source="test", consent="", now=began
    )
    follow_ids = tuple(
        start_follow(
            connection,
            subscription_id,
            expression=expression,
            canonical=canonical(parse(expression, VOCABULARY)),
            cadence=cadence,
            now=began,
            cursor_at=cursor_at,
            source="test",
        )
        for expression in expressions
    )
    return Subscriber(reader_id, subscription_id, follow_ids)


def end_subscription(connection: Connection, one: Subscriber, now: datetime) -> None:
    """She unsubscribes."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == one.subscription_id)
        .values(ended_at=now, end_reason="unsubscribed")
    )


def add_stories(connection: Connection, *uids: str, hour: float = -1) -> tuple[int, ...]:
    """Stories without tags, published and taken in so many hours after noon; returns their ids."""
    for uid in uids:
        draft = StoryDraft(uid=uid, title=uid, published_at=at(hour))
        record_draft(connection, draft, [], now=at(hour), not_before=None)
    return tuple(story.id for story in find_stories(connection, uids))


def add_sending_run(
    connection: Connection, newsletter_id: int, slot: str = "slot", as_of: datetime = NOON
) -> int:
    """A run that is past its planning."""
    run_id = add_run(
        connection,
        slot_key=slot,
        newsletter_id=newsletter_id,
        cadence=Cadence.DAILY,
        as_of=as_of,
        now=as_of,
    )
    move_run(connection, run_id, to=RunState.SENDING, of=[RunState.PLANNING])
    return run_id


def new_delivery(
    subscriber: Subscriber,
    story_ids: Sequence[int],
    key: str = "",
    expires_at: datetime = NOON + DAY,
    revision: int = 1,
) -> NewDelivery:
    """A mail of these stories about to be planned."""
    person = reader(subscriber.reader_id)
    key = key or f"digest:slot:{subscriber.reader_id}"
    return NewDelivery(
        key=key,
        message_id=f"<{key}@news.example>",
        reader_id=subscriber.reader_id,
        subscription_id=subscriber.subscription_id,
        email=person.email,
        email_key=person.email_key,
        name=person.name,
        locale="en",
        timezone="UTC",
        format="html",
        expires_at=expires_at,
        items=tuple(
            NewItem(story_id, revision, 0, "full", subscriber.follow_ids) for story_id in story_ids
        ),
    )


def open_room(database: Database, readers: int = 3, *, expires_at: datetime = NOON + DAY) -> Room:
    """A room in an empty database; ids count from 1 in the order of readers and stories."""
    with database.write() as connection:
        newsletter_id = add_newsletter(connection)
        subscribers = tuple(
            add_subscriber(connection, newsletter_id, number, "*")
            for number in range(1, readers + 1)
        )
        story_ids = add_stories(connection, "one", "two")
        run_id = add_sending_run(connection, newsletter_id)
        planned = [new_delivery(one, story_ids, expires_at=expires_at) for one in subscribers]
        add_planned(connection, run_id, planned, NOON)
        delivery_ids = tuple(connection.scalars(select(deliveries.c.id).order_by(deliveries.c.id)))
    return Room(database, newsletter_id, run_id, subscribers, story_ids, delivery_ids)


def delivery(database: Database, delivery_id: int) -> Row[Any]:
    """The row of a delivery."""
    with database.read() as connection:
        return connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one()


def states(database: Database) -> list[str]:
    """The states of all deliveries by id."""
    with database.read() as connection:
        return list(connection.scalars(select(deliveries.c.state).order_by(deliveries.c.id)))


@contextmanager
def statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """What goes to the database within: each statement with its values, as often as it goes."""
    sent: list[tuple[str, Any]] = []

    def on_execute(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        sent.append((statement, values))

    event.listen(connection, "before_cursor_execute", on_execute)
    yield sent
    event.remove(connection, "before_cursor_execute", on_execute)


def until_somebody_waits(database: Database) -> None:
    """Return once a connection to this PostgreSQL database waits for a lock of another."""
    deadline = time.monotonic() + 30
    waiting = text(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND cardinality(pg_blocking_pids(pid)) > 0)"
    )
    while True:
        with database.read() as connection:
            if connection.scalar(waiting):
                return
        assert time.monotonic() < deadline, "nobody waits for a lock"
