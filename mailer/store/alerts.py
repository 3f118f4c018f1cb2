"""Which stories wait for an alert."""

from datetime import datetime

from sqlalchemy import Connection, Select, func, select

from mailer.core.readers import Cadence
from mailer.store.ledger_tables import runs
from mailer.store.tables import follows, stories, story_tags, subscriptions


def first_waiting_story(
    connection: Connection, newsletter_id: int, now: datetime
) -> datetime | None:
    """Return since when the longest waiting story waits for an alert of a newsletter.

    A story waits when it became eligible, or got a tag, at or after the moment the last alert run
    looked at. None when no story waits, or nobody could get it.
    """
    last = connection.scalar(
        select(func.max(runs.c.as_of)).where(
            runs.c.newsletter_id == newsletter_id, runs.c.cadence == Cadence.INSTANT.value
        )
    )
    follow_starts = _current_follows(newsletter_id).subquery()
    first_follow = connection.scalar(select(func.min(follow_starts.c.started_at)))
    if first_follow is None:
        return None
    since = last or first_follow
    standing = stories.c.retracted_at.is_(None)
    eligible = connection.scalar(
        select(func.min(stories.c.eligible_at)).where(
            stories.c.eligible_at >= since, stories.c.eligible_at <= now, standing
        )
    )
    tagged = connection.scalar(
        select(func.min(story_tags.c.added_at))
        .join_from(story_tags, stories)
        .where(
            story_tags.c.added_at >= since,
            story_tags.c.added_at <= now,
            story_tags.c.removed_at.is_(None),
            stories.c.eligible_at <= now,
            standing,
        )
    )
    found = [moment for moment in (eligible, tagged) if moment is not None]
    return min(found, default=None)


def _current_follows(newsletter_id: int) -> Select[tuple[datetime]]:
    """Select the starts of follows an alert could answer: any, since urgent stories go to all."""
    return (
        select(follows.c.started_at)
        .join_from(follows, subscriptions)
        .where(
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.ended_at.is_(None),
        )
    )
