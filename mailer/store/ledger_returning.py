"""Stories of mails that ended unsent though their readers still want them: they come again (I2).

A plan moves the cursors of the follows it answered. When a mail of it outlives its time, or its
reader paused or moved before it left, the cursors go back to its stories: the next issue looks from
there. What a reader was given meanwhile is not given twice, however far back a cursor stands.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from mailer.store.bulk import among
from mailer.store.ledger_tables import deliveries, delivery_items
from mailer.store.tables import follows, readers, stories


def whose_follows_are_free(connection: Connection, delivery_ids: Sequence[int]) -> list[int]:
    """Return those of these deliveries whose stories may come again now.

    Whoever changes follows holds the reader before anything else, and may wait for rows that we
    hold: readers somebody holds are passed over, so that nobody waits in a circle.
    """
    reader_of: dict[int, int | None] = {}
    for some in among(connection, deliveries.c.id, delivery_ids):
        found = connection.execute(select(deliveries.c.id, deliveries.c.reader_id).where(some))
        reader_of.update((row.id, row.reader_id) for row in found)
    wanted = sorted({reader_id for reader_id in reader_of.values() if reader_id is not None})
    held: set[int | None] = {None}
    for some in among(connection, readers.c.id, wanted):
        free = select(readers.c.id).where(some).order_by(readers.c.id)
        held.update(connection.scalars(free.with_for_update(skip_locked=True)))
    return [delivery_id for delivery_id in delivery_ids if reader_of.get(delivery_id) in held]


def let_come_again(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """Move the cursors back to the stories these deliveries did not give; the readers are held."""
    if not delivery_ids:
        return  # As behind nearly every mark, where a question for nobody costs a round trip.
    oldest: dict[int, datetime] = {}
    for some in among(connection, delivery_items.c.delivery_id, delivery_ids):
        not_given = (
            select(delivery_items.c.follow_ids, stories.c.eligible_at)
            .join(stories, stories.c.id == delivery_items.c.story_id)
            .where(some, ~delivery_items.c.given)
        )
        for follow_ids, eligible_at in connection.execute(not_given):
            for follow_id in follow_ids:
                oldest[follow_id] = min(eligible_at, oldest.get(follow_id, eligible_at))
    if oldest:
        connection.execute(
            update(follows)
            .where(
                follows.c.id == bindparam("follow_id"),
                follows.c.cursor_at > bindparam("story_at", type_=follows.c.cursor_at.type),
            )
            .values(cursor_at=bindparam("story_at", type_=follows.c.cursor_at.type)),
            [{"follow_id": each, "story_at": oldest[each]} for each in sorted(oldest)],
        )
