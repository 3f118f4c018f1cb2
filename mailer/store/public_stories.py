"""What the public may read: stories whose time has come, and the issues a newsletter has had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, select

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.core.stories import Story
from mailer.store.ledger_tables import deliveries, runs
from mailer.store.stories import stories_by_id
from mailer.store.tables import stories, story_revisions, story_tags, tags

_FIRST_WINDOW = {
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=31),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of a newsletter: what became eligible from `start_at` until before `as_of`."""

    run_id: int
    cadence: Cadence
    start_at: datetime
    as_of: datetime


def public_stories(
    connection: Connection,
    *,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    limit: int,
) -> list[Story]:
    """Return the newest stories of a window that everybody may read now, newest first."""
    query = select(stories.c.id).where(
        stories.c.eligible_at <= now, stories.c.retracted_at.is_(None)
    )
    if start_at is not None:
        query = query.where(stories.c.eligible_at >= start_at)
    if end_at is not None:
        query = query.where(stories.c.eligible_at < end_at)
    return _newest(connection, query, limit)


def stories_beside(
    connection: Connection, story: Story, *, now: datetime, limit: int
) -> list[Story]:
    """Return the newest public stories that share a tag with this one."""
    sharing = (
        select(story_tags.c.story_id)
        .join_from(story_tags, tags)
        .where(tags.c.slug.in_(story.tags), story_tags.c.removed_at.is_(None))
    )
    query = select(stories.c.id).where(
        stories.c.id.in_(sharing),
        stories.c.id != story.id,
        stories.c.eligible_at <= now,
        stories.c.retracted_at.is_(None),
    )
    return _newest(connection, query, limit)


def _newest(connection: Connection, query: Select[tuple[int]], limit: int) -> list[Story]:
    newest = query.order_by(stories.c.published_at.desc(), stories.c.id.desc())
    ids = [row.id for row in connection.execute(newest.limit(limit))]
    found = stories_by_id(connection, ids)
    return [found[story_id] for story_id in ids]


def revised_at(connection: Connection, story_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when the current revision of each story was recorded."""
    rows = connection.execute(
        select(stories.c.id, story_revisions.c.recorded_at)
        .join_from(stories, story_revisions, story_revisions.c.story_id == stories.c.id)
        .where(story_revisions.c.revision == stories.c.revision, stories.c.id.in_(list(story_ids)))
    )
    return {row.id: row.recorded_at for row in rows}


def retraction_note(connection: Connection, story_id: int) -> str:
    """Return why a story was retracted; empty when it was not."""
    note: str = connection.execute(
        select(stories.c.retraction_note).where(stories.c.id == story_id)
    ).scalar_one()
    return note


def list_issues(
    connection: Connection, newsletter_id: int, *, now: datetime, limit: int
) -> list[Issue]:
    """Return the issues a newsletter has sent or is sending, the latest first; alerts are none."""
    rows = connection.execute(
        select(runs.c.id, runs.c.cadence, runs.c.zone, runs.c.as_of)
        .where(
            runs.c.newsletter_id == newsletter_id,
            runs.c.cadence.not_in([Cadence.INSTANT.value, Cadence.LETTER.value]),
            runs.c.state.in_([RunState.SENDING.value, RunState.DONE.value]),
            runs.c.as_of <= now,
        )
        .order_by(runs.c.as_of.desc(), runs.c.id.desc())
        # One more of each lane than shown, for where its window starts.
        .limit(limit * 4)
    ).all()
    issues = []
    last: dict[tuple[str, str], datetime] = {}
    for row in reversed(rows):
        cadence = Cadence(row.cadence)
        before = last.get((row.cadence, row.zone), row.as_of - _FIRST_WINDOW[cadence])
        last[row.cadence, row.zone] = row.as_of
        issues.append(Issue(row.id, cadence, before, row.as_of))
    return issues[::-1]


def delivery_id_of_message(connection: Connection, local_part: str) -> int | None:
    """Return the mail of a run whose Message-ID has this local part, once it was or may be sent."""
    # A range rather than LIKE: the unique index of Message-IDs answers it.
    found: int | None = connection.scalar(
        select(deliveries.c.id).where(
            deliveries.c.message_id >= f"<{local_part}@",
            deliveries.c.message_id < f"<{local_part}A",
            deliveries.c.run_id.is_not(None),
            deliveries.c.email != "",
            deliveries.c.state != DeliveryState.CANCELLED.value,
        )
    )
    return found
