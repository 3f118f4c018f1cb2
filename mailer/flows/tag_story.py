"""Change the tags of a published story, and say first what that means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.errors import InputError
from mailer.flows.ingest_document import Tagging
from mailer.flows.who_wants import Wants, who_wants
from mailer.store.audit import record_change
from mailer.store.database import Database
from mailer.store.runs import hold_frontier
from mailer.store.stories import find_story
from mailer.store.story_tagging import Held, mails_that_hold
from mailer.store.story_tagging import tag_story as write_tags

_MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class Retagging:
    """What other tags mean: who follows the story before and after, and who has it already."""

    before: Wants
    after: Wants
    held: Held


def weigh_tags(
    database: Database, uid: str, places: Sequence[str], topics: Sequence[str]
) -> Retagging:
    """Say what these tags would mean; nothing is written. Raises NotFoundError and InputError."""
    labels = _checked(places, topics)
    with database.read() as connection:
        story = find_story(connection, uid, standing=True)
        held = mails_that_hold(connection, story.id)
    return Retagging(who_wants(database, story.tags), who_wants(database, labels), held)


def tag_story(
    database: Database,
    uid: str,
    places: Sequence[str],
    topics: Sequence[str],
    *,
    actor: str,
    address: str = "",
    now: datetime,
) -> bool:
    """Make these the tags of a story; True when that changed anything.

    Whoever follows what it has now, and has not had the story, gets it with the next mail, as for
    a tag that came late. Mails that were sent or wait stay as they are; nobody gets it twice.
    Raises NotFoundError, and InputError for a retracted story.
    """
    _checked(places, topics)
    with database.write() as connection:
        frontier = hold_frontier(connection, moving=False)
        story = find_story(connection, uid, standing=True)
        placed = Tagging(connection).places(places, topics)
        changed = write_tags(connection, story.id, placed, max(now, frontier or now))
        if changed:
            after = find_story(connection, uid, standing=True)
            record_change(
                connection,
                actor=actor,
                action="story tagged",
                subject=f"story {uid}",
                detail=f"{', '.join(story.tags) or 'none'} to {', '.join(after.tags) or 'none'}",
                address=address,
                now=now,
            )
    return changed


def _checked(places: Sequence[str], topics: Sequence[str]) -> list[str]:
    labels = [*places, *topics]
    if not labels:
        raise InputError("a story without tags reaches nobody: give at least one")
    if len(labels) > _MOST_TAGS:
        raise InputError(f"a story has at most {_MOST_TAGS} tags")
    return labels
