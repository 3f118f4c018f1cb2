"""Recording many drafts at once."""

from mailer.core.stories import StoryDraft
from mailer.store.database import Database
from mailer.store.stories import find_stories
from mailer.store.story_recording import Arrival, Recorded, record_drafts
from tests.builders import NOON
from tests.store.rows import statements


def test_a_feed_that_brings_nothing_new_takes_statements_by_the_batch(database: Database) -> None:
    drafts = [StoryDraft(uid=f"story-{n}", title=f"Story {n}") for n in range(1200)]
    arrivals = [Arrival(draft, [], NOON) for draft in drafts]
    with database.write() as connection:
        first = record_drafts(connection, arrivals, not_before=None)
        with statements(connection) as sent:
            again = record_drafts(connection, arrivals, not_before=None)
    assert (set(first), set(again)) == ({Recorded.NEW}, {Recorded.UNCHANGED})
    assert len(sent) <= 6


def test_of_two_drafts_of_one_story_the_later_stands(database: Database) -> None:
    titles = [("a", "Once"), ("b", "Other"), ("a", "Again"), ("a", "Again"), ("b", "Other")]
    arrivals = [Arrival(StoryDraft(uid=uid, title=title), [], NOON) for uid, title in titles]
    with database.write() as connection:
        done = record_drafts(connection, arrivals, not_before=None)
        (story,) = find_stories(connection, ["a"])
    assert (story.title, story.revision) == ("Again", 2)
    assert [one.value for one in done] == ["new", "new", "updated", "unchanged", "unchanged"]
