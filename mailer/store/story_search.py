"""Stories looked for by words, tag and place in the list."""

from sqlalchemy import Connection, select

from mailer.core.stories import Story
from mailer.store.stories import find_stories
from mailer.store.tables import stories, story_revisions, story_tags, tags


def search_stories(
    connection: Connection,
    *,
    words: str = "",
    tag: str = "",
    before_id: int | None = None,
    limit: int = 50,
) -> list[Story]:
    """Return stories, the last recorded first, whose title or uid holds the words."""
    query = select(stories.c.uid).order_by(stories.c.id.desc()).limit(limit)
    if words:
        current = (story_revisions.c.story_id == stories.c.id) & (
            story_revisions.c.revision == stories.c.revision
        )
        query = query.join(story_revisions, current).where(
            story_revisions.c.title.icontains(words, autoescape=True)
            | stories.c.uid.icontains(words, autoescape=True)
        )
    if tag:
        tagged = (
            select(story_tags.c.story_id)
            .join(tags)
            .where(tags.c.slug == tag, story_tags.c.removed_at.is_(None))
        )
        query = query.where(stories.c.id.in_(tagged))
    if before_id is not None:
        query = query.where(stories.c.id < before_id)
    return find_stories(connection, list(connection.scalars(query)))
