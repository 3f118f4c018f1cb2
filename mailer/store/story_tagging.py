"""Tags that operators put on stories and take off them, and the mails that hold a story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from mailer.core.deliveries import DeliveryState
from mailer.store.ledger_tables import deliveries, delivery_items
from mailer.store.story_recording import PlacedTag
from mailer.store.tables import stories, story_tags

_WAITING = (DeliveryState.QUEUED.value, DeliveryState.CLAIMED.value)


@dataclass(frozen=True, slots=True)
class Held:
    """How many mails with a story were accepted, and how many wait to be sent."""

    accepted_count: int
    waiting_count: int


def tag_story(
    connection: Connection, story_id: int, placed: Sequence[PlacedTag], at: datetime
) -> bool:
    """Make the story's tags those placed, from `at` on; True when that changed anything.

    A document that comes again changes neither what was put on nor what was taken off.
    """
    connection.execute(select(stories.c.id).where(stories.c.id == story_id).with_for_update())
    standing = {
        row.tag_id: row
        for row in connection.execute(
            select(story_tags).where(
                story_tags.c.story_id == story_id, story_tags.c.removed_at.is_(None)
            )
        )
    }
    wanted = {tag.tag_id for tag in placed}
    changed = False
    for tag_id, row in standing.items():
        if tag_id not in wanted:
            _change(connection, row.id, removed_at=at, source="operator")
            changed = True
    for tag in placed:
        stands = standing.get(tag.tag_id)
        if stands is None:
            connection.execute(
                insert(story_tags).values(
                    story_id=story_id,
                    tag_id=tag.tag_id,
                    position=tag.position,
                    source="operator",
                    added_at=at,
                )
            )
            changed = True
        elif stands.position != tag.position:
            _change(connection, stands.id, position=tag.position)
            changed = True
    return changed


def mails_that_hold(connection: Connection, story_id: int) -> Held:
    """Count the mails with a story."""
    rows = connection.execute(
        select(deliveries.c.state, func.count().label("mails"))
        .join_from(delivery_items, deliveries)
        .where(delivery_items.c.story_id == story_id)
        .group_by(deliveries.c.state)
    )
    by_state = {row.state: int(row.mails) for row in rows}
    return Held(
        by_state.get(DeliveryState.ACCEPTED.value, 0),
        sum(by_state.get(state, 0) for state in _WAITING),
    )


def _change(connection: Connection, row_id: int, **values: object) -> None:
    connection.execute(update(story_tags).where(story_tags.c.id == row_id).values(values))
