"""Which stories wait for an alert."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

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
    instant, any_cadence = connection.execute(_first_starts(newsletter_id)).one()
    if any_cadence is None:
        return None
    since = last or any_cadence
    standing: ColumnElement[bool] = stories.c.retracted_at.is_(None)
    if instant is None:
        # Nobody follows at once: only urgent stories, which go to readers of digests, too.
        standing = and_(standing, stories.c.urgent)
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


def _first_starts(newsletter_id: int) -> Select[Any]:
    """Select when the first current follow started: of the instant ones, and of any."""
    instant = case((follows.c.cadence == Cadence.INSTANT.value, follows.c.started_at))
    return (
        select(func.min(instant), func.min(follows.c.started_at))
        .join_from(follows, subscriptions)
        .where(
            subscriptions.c.newsletter_id == newsletter_id,
            subscriptions.c.ended_at.is_(None),
            follows.c.ended_at.is_(None),
        )
    )
