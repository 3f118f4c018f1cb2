"""Stories that an operator edits: another revision, embargo and urgency, and who has older words.

A document that brings the story again as it was changes nothing of this; one that is new does.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from mailer.core.deliveries import DeliveryState
from mailer.core.digests import Shown
from mailer.core.stories import Story, StoryDraft
from mailer.store.ledger_tables import deliveries, delivery_items
from mailer.store.story_recording import document_steering, steering
from mailer.store.tables import stories, story_revisions

# Of these it is not proven that nobody has them.
_GOT = (
    DeliveryState.ACCEPTED.value,
    DeliveryState.TRANSMITTING.value,
    DeliveryState.IN_DOUBT.value,
)
_WAITING = (DeliveryState.QUEUED.value, DeliveryState.CLAIMED.value, DeliveryState.HELD.value)


@dataclass(frozen=True, slots=True)
class Mailed:
    """How many readers were mailed a story up to a revision, and how many mails wait with it."""

    reader_count: int
    waiting_count: int

    @property
    def is_nowhere(self) -> bool:
        """Whether no mail holds it."""
        return not (self.reader_count or self.waiting_count)


def mailed_up_to(connection: Connection, story_id: int, revision: int) -> Mailed:
    """Count who has a story at this revision or an older one, more than a link to it."""
    holds = (
        delivery_items.c.story_id == story_id,
        delivery_items.c.revision <= revision,
        delivery_items.c.shown.in_([Shown.FULL.value, Shown.HEADLINE.value]),
    )
    got, waiting = (
        connection.scalar(
            select(counted)
            .join_from(delivery_items, deliveries)
            .where(*holds, deliveries.c.state.in_(states))
        )
        for counted, states in (
            (func.count(delivery_items.c.reader_id.distinct()), _GOT),
            (func.count(deliveries.c.id.distinct()), _WAITING),
        )
    )
    return Mailed(got or 0, waiting or 0)


def hold_story(connection: Connection, uid: str) -> None:
    """Hold a story until the transaction ends, so that nobody else revises it meanwhile."""
    connection.execute(select(stories.c.id).where(stories.c.uid == uid).with_for_update())


def edit_story(
    connection: Connection, story: Story, draft: StoryDraft, *, frontier: datetime, now: datetime
) -> bool:
    """Make a story read and be told as the draft has it; True when that changed anything.

    The hash of what the document brought stays: by it we know the same document again.
    """
    row = connection.execute(select(stories).where(stories.c.id == story.id)).one()
    values = steering(row, draft, frontier)
    if (draft.embargo_until_at, draft.urgent) != (row.embargo_until_at, row.urgent):
        values["document_steering"] = row.document_steering or document_steering(story)
    words = {
        "title": draft.title,
        "url": draft.url,
        "summary": draft.summary,
        "byline": draft.byline,
    }
    if any(getattr(story, name) != value for name, value in words.items()):
        values["revision"] = story.revision + 1
        old = connection.execute(
            select(story_revisions).where(
                story_revisions.c.story_id == story.id,
                story_revisions.c.revision == story.revision,
            )
        ).one()
        added = {"revision": story.revision + 1, "recorded_at": now, "note": ""}
        connection.execute(insert(story_revisions).values(old._asdict() | words | added))
    values = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not values:
        return False
    connection.execute(update(stories).where(stories.c.id == story.id).values(values))
    return True
