"""Read a story as everybody may: when its time has come, and not once it was retracted."""

from dataclasses import dataclass
from datetime import datetime

from mailer.core.related import related
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.errors import NotFoundError
from mailer.store.database import Database
from mailer.store.public_stories import retraction_note, revised_at, stories_beside
from mailer.store.stories import find_stories
from mailer.store.tags import read_vocabulary

_MOST_RELATED = 5
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class PublicStory:
    """A story, what stands beside it, and when its text last changed.

    Of a retracted one the page may tell nothing but `retraction_note`.
    """

    story: Story
    vocabulary: Vocabulary
    related: tuple[Story, ...]
    changed_at: datetime
    retraction_note: str


def read_story(database: Database, uid: str, *, now: datetime) -> PublicStory:
    """Return a story; raises NotFoundError, also for one that is not out yet."""
    with database.read() as connection:
        found = find_stories(connection, [uid])
        if not found or found[0].eligible_at > now:
            raise NotFoundError(f"no story '{uid}': 'mailer stories list' shows the uids")
        story = found[0]
        beside = stories_beside(connection, story, now=now, limit=_LOOKED_AT)
        changed_at = revised_at(connection, [story.id])[story.id]
        note = retraction_note(connection, story.id) if story.retracted else ""
        vocabulary = read_vocabulary(connection)
    printed = {other.title.casefold() for other in story.see_also}
    close = [other for other in beside if other.title.casefold() not in printed]
    return PublicStory(
        story, vocabulary, tuple(related(story, close, _MOST_RELATED)), changed_at, note
    )
