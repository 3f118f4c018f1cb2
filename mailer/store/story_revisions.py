"""Revisions by operators: corrected texts, notes, and a story taken back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mailer.core.stories import Story
from mailer.store.tables import stories, story_revisions


def revise_story(
    connection: Connection,
    story: Story,
    *,
    note: str,
    now: datetime,
    title: str = "",
    summary: str = "",
    retract: bool = False,
) -> int:
    """Add a revision with what is given changed, all else as it was, and return its number."""
    revision = story.revision + 1
    old = connection.execute(
        select(story_revisions).where(
            story_revisions.c.story_id == story.id, story_revisions.c.revision == story.revision
        )
    ).one()
    connection.execute(
        insert(story_revisions).values(
            **{
                **old._asdict(),
                "revision": revision,
                "recorded_at": now,
                "note": note,
                "title": title or old.title,
                "summary": summary or old.summary,
            }
        )
    )
    values: dict[str, Any] = {"revision": revision}
    if retract:
        values |= {"retracted_at": now, "retraction_note": note}
    connection.execute(update(stories).where(stories.c.id == story.id).values(values))
    return revision


def note_revision(connection: Connection, story: Story, note: str) -> None:
    """Write to a story's current revision what it corrects."""
    connection.execute(
        update(story_revisions)
        .where(story_revisions.c.story_id == story.id, story_revisions.c.revision == story.revision)
        .values(note=note)
    )
