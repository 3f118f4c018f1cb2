"""Tags of a published story: what changing them means, and what it does."""

from datetime import timedelta

import pytest

from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.errors import InputError, NotFoundError
from mailer.flows.ingest_document import ingest_document
from mailer.flows.tag_story import tag_story, weigh_tags
from mailer.store.audit import list_changes
from mailer.store.stories import find_stories
from tests.flows.conftest import MINUTE, NOON, Newsroom


def tags_of(newsroom: Newsroom) -> tuple[str, ...]:
    with newsroom.database.read() as connection:
        return find_stories(connection, ["ferry"])[0].tags


def test_new_readers_get_it_once_and_those_who_had_it_never_again(newsroom: Newsroom) -> None:
    for name, wanted in (("ada", "china"), ("bo", "japan"), ("cy", "china | japan")):
        newsroom.read_by(f"{name}@r.example")
        newsroom.follow(f"{name}@r.example", wanted)
    newsroom.publish("ferry", "china")
    newsroom.send()
    had = newsroom.given()
    assert sorted(had) == [("ada@r.example", "ferry"), ("cy@r.example", "ferry")]
    means = weigh_tags(newsroom.database, "ferry", ["japan"], [])
    assert (means.before.reader_count, means.after.reader_count) == (2, 2)
    assert (means.held.accepted_count, means.held.waiting_count) == (2, 0)
    assert tags_of(newsroom) == ("china",)
    for expected in (True, False):
        at = NOON + 5 * MINUTE
        assert expected is tag_story(
            newsroom.database, "ferry", ["japan"], [], actor="desk", now=at
        )
    later = NOON + timedelta(days=1)
    newsroom.send(as_of=later)
    assert sorted(newsroom.given()) == sorted([*had, ("bo@r.example", "ferry")])
    with newsroom.database.read() as connection:
        [entry] = list_changes(connection, actor="desk")
    assert (entry.action, entry.detail) == ("story tagged", "china to japan")


def test_a_feed_that_comes_again_changes_nothing_of_it(newsroom: Newsroom) -> None:
    def bring(*topics: str) -> None:
        draft = StoryDraft("ferry", "A ferry", kicker=("China",), topics=topics)
        ingest_document(newsroom.database, ParsedDocument("rss", (draft,)), now=NOON)

    bring("Trade")
    tag_story(newsroom.database, "ferry", ["japan"], ["Trade"], actor="desk", now=NOON + MINUTE)
    assert tags_of(newsroom) == ("japan", "trade")
    bring("Trade")
    assert tags_of(newsroom) == ("japan", "trade")
    bring("Sport")
    assert tags_of(newsroom) == ("japan", "sport")
    tag_story(newsroom.database, "ferry", ["china"], ["Sport"], actor="desk", now=NOON + MINUTE)
    bring("Sport")
    assert tags_of(newsroom) == ("china", "sport")


def test_tags_that_cannot_be_are_refused(newsroom: Newsroom) -> None:
    newsroom.publish("ferry", "china")
    with pytest.raises(InputError, match="at least one"):
        tag_story(newsroom.database, "ferry", [], [], actor="desk", now=NOON)
    with pytest.raises(InputError, match="at most 50"):
        weigh_tags(newsroom.database, "ferry", [], [f"t{n}" for n in range(51)])
    with pytest.raises(NotFoundError):
        tag_story(newsroom.database, "nothing", ["china"], [], actor="desk", now=NOON)
    assert tags_of(newsroom) == ("china",)
