"""Recording drafts: revisions, tags with their history, and from when on a story is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Thread

import pytest
from sqlalchemy import func, select

from mailer.core.stories import SeeAlso, Story, StoryDraft, TagSpan
from mailer.core.tags import Tag
from mailer.store.database import Connection, Database
from mailer.store.stories import (
    find_stories,
    latest_stories,
    read_board_stories,
    stories_at_revision,
)
from mailer.store.story_recording import PlacedTag, Recorded, record_draft
from mailer.store.tables import stories, story_tags
from mailer.store.tags import read_vocabulary, save_tags, tag_ids
from tests.builders import NOON, VOCABULARY, at
from tests.store.rows import until_somebody_waits

DRAFT = StoryDraft(
    uid="bridge",
    title="The bridge opens",
    url="https://news.example/bridge",
    summary="After six years.",
    published_at=at(-1),
    see_also=(SeeAlso("Freight doubles", "https://news.example/freight", NOON.date()),),
)


def record(
    connection: Connection,
    draft: StoryDraft = DRAFT,
    *places: str,
    hour: float = 0,
    not_before: float | None = None,
    topics: Sequence[str] = (),
    by_operator: Sequence[str] = (),
) -> Recorded:
    """Record a draft at an hour, with these places in its kicker, topics, and operators' tags."""
    if not tag_ids(connection):
        save_tags(connection, VOCABULARY)
    ids = tag_ids(connection)
    placed = [PlacedTag(ids[slug], position) for position, slug in enumerate(places)]
    placed += [PlacedTag(ids[slug], None) for slug in topics]
    placed += [PlacedTag(ids[slug], None, "operator") for slug in by_operator]
    frontier = None if not_before is None else at(not_before)
    return record_draft(connection, draft, placed, now=at(hour), not_before=frontier)


def bridge(connection: Connection) -> Story:
    (story,) = find_stories(connection, ["bridge"])
    return story


def eligible_at(connection: Connection) -> datetime:
    return bridge(connection).eligible_at


def spans(connection: Connection) -> list[TagSpan]:
    (entry,) = read_board_stories(connection, at(-99), at(99))
    return sorted(entry.spans, key=lambda span: (span.slug, span.added_at))


def test_a_draft_becomes_a_story_and_reads_back(database: Database) -> None:
    with database.write() as connection:
        done = record(connection, DRAFT, "china", "north-korea", topics=["trade", "sport"])
        story = bridge(connection)
    assert done is Recorded.NEW
    assert (story.revision, story.title, story.summary) == (1, DRAFT.title, DRAFT.summary)
    assert story.see_also == DRAFT.see_also
    assert story.kicker == ("china", "north-korea")
    assert story.topics == ("sport", "trade")
    assert (story.published_at, story.eligible_at) == (at(-1), NOON)


def test_the_same_draft_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        record(connection, DRAFT, "china", topics=["trade"])
        before = bridge(connection), spans(connection)
        again = record(connection, DRAFT, "china", topics=["trade"], hour=5, not_before=4)
        assert again is Recorded.UNCHANGED
        assert (bridge(connection), spans(connection)) == before


def test_changed_words_raise_the_revision_and_the_old_ones_stay(database: Database) -> None:
    with database.write() as connection:
        record(connection)
        corrected = replace(DRAFT, title="The bridge reopens")
        assert record(connection, corrected, hour=2) is Recorded.UPDATED
        story = bridge(connection)
        assert (story.revision, story.title, story.eligible_at) == (2, "The bridge reopens", NOON)
        both = stories_at_revision(connection, [(story.id, 1), (story.id, 2), (story.id, 3)])
        assert {revision: told.title for (_, revision), told in both.items()} == {
            1: "The bridge opens",
            2: "The bridge reopens",
        }


def test_what_only_steers_a_story_is_no_new_revision(database: Database) -> None:
    with database.write() as connection:
        record(connection)
        assert record(connection, replace(DRAFT, urgent=True), hour=1) is Recorded.UPDATED
        assert record(connection, replace(DRAFT, urgent=True), hour=2) is Recorded.UNCHANGED
        story = bridge(connection)
        assert (story.revision, story.urgent) == (1, True)


def test_tags_come_and_go_with_the_document_and_keep_their_history(database: Database) -> None:
    with database.write() as connection:
        record(connection, DRAFT, "china", "japan", topics=["trade"])
        assert record(connection, DRAFT, "china", hour=1, topics=["sport"]) is Recorded.UPDATED
        assert record(connection, DRAFT, "china", hour=2, topics=["trade"]) is Recorded.UPDATED
        assert spans(connection) == [
            TagSpan("china", at(0), None, 0),
            TagSpan("japan", at(0), at(1), 1),
            TagSpan("sport", at(1), at(2)),
            TagSpan("trade", at(0), at(1)),
            TagSpan("trade", at(2)),
        ]
        assert bridge(connection).tags == ("china", "trade")


def test_an_operators_tag_stays_when_the_document_comes_without_it(database: Database) -> None:
    with database.write() as connection:
        record(connection, DRAFT, "china", by_operator=["trade"])
        assert record(connection, DRAFT, hour=1) is Recorded.UPDATED
        assert bridge(connection).tags == ("trade",)
        assert record(connection, DRAFT, hour=2, topics=["trade"]) is Recorded.UNCHANGED
        assert record(connection, DRAFT, hour=3) is Recorded.UNCHANGED
        assert spans(connection)[1] == TagSpan("trade", at(0))


def test_another_order_of_the_kicker_moves_places_and_starts_no_span(database: Database) -> None:
    with database.write() as connection:
        record(connection, DRAFT, "china", "japan", "north-korea", topics=["trade"])
        reordered = ("north-korea", "china", "japan")
        assert record(connection, DRAFT, *reordered, hour=1, topics=["trade"]) is Recorded.UPDATED
        assert bridge(connection).kicker == reordered
        assert bridge(connection).topics == ("trade",)
        assert {span.added_at for span in spans(connection)} == {NOON}
        assert connection.scalar(select(func.count()).select_from(story_tags)) == 4


@pytest.mark.parametrize(
    ("published", "embargo", "frontier", "eligible"),
    [
        pytest.param(-1, None, None, 0, id="ingested last"),
        pytest.param(3, None, None, 3, id="published last"),
        pytest.param(-1, 5, None, 5, id="under embargo"),
        pytest.param(3, 2, None, 3, id="an embargo that ends before publication"),
        pytest.param(-1, None, 2, 2, id="behind a run that looked further"),
        pytest.param(3, None, 2, 3, id="after it anyway"),
        pytest.param(None, None, 2, 2, id="without a date"),
    ],
)
def test_a_story_is_eligible_at_the_latest_of_its_moments(
    database: Database,
    published: float | None,
    embargo: float | None,
    frontier: float | None,
    eligible: float,
) -> None:
    draft = replace(
        DRAFT,
        published_at=None if published is None else at(published),
        embargo_until_at=None if embargo is None else at(embargo),
    )
    with database.write() as connection:
        record(connection, draft, "china", not_before=frontier)
        assert eligible_at(connection) == at(eligible)
        assert spans(connection)[0].added_at == at(frontier or 0)
        assert record(connection, draft, "china", hour=1, not_before=1.5) is Recorded.UNCHANGED
        assert eligible_at(connection) == at(eligible)


@pytest.mark.parametrize(
    ("first", "then", "eligible"),
    [
        pytest.param((5, None), (9, None), 9, id="published later"),
        pytest.param((9, None), (5, None), 5, id="published earlier"),
        pytest.param((9, None), (0, None), 2, id="published at once, not behind the run"),
        pytest.param((0, 9), (0, 5), 5, id="embargo shortened"),
        pytest.param((0, 9), (0, None), 2, id="embargo lifted, not behind the run"),
        pytest.param((8, 9), (8, None), 8, id="embargo lifted before publication"),
        pytest.param((8, 9), (10, 9), 10, id="published after the embargo now"),
        pytest.param((0, None), (0, 5), 5, id="embargo that comes after the story was told"),
        pytest.param((0, None), (-3, None), 0, id="told already, dated back"),
        pytest.param((0, 1), (0, None), 1, id="told already, the embargo forgotten"),
    ],
)
def test_a_story_can_be_put_off_and_brought_forward_until_a_run_looked(
    database: Database,
    first: tuple[float, float | None],
    then: tuple[float, float | None],
    eligible: float,
) -> None:
    drafts = [
        replace(
            DRAFT,
            published_at=at(published),
            embargo_until_at=None if embargo is None else at(embargo),
        )
        for published, embargo in (first, then)
    ]
    with database.write() as connection:
        record(connection, drafts[0])
        assert record(connection, drafts[1], hour=1, not_before=2) is Recorded.UPDATED
        assert eligible_at(connection) == at(eligible)


def test_a_late_tag_counts_from_the_frontier_and_not_behind_it(database: Database) -> None:
    with database.write() as connection:
        record(connection, DRAFT, "china")
        record(connection, DRAFT, "china", hour=1, not_before=3, topics=["trade"])
        record(connection, DRAFT, hour=2, not_before=4, topics=["trade"])
        assert spans(connection) == [
            TagSpan("china", at(0), at(4), 0),
            TagSpan("trade", at(3)),
        ]


def test_a_window_looks_at_stories_that_came_or_whose_tags_changed_in_it(
    database: Database,
) -> None:
    def draft(uid: str) -> StoryDraft:
        return replace(DRAFT, uid=uid, published_at=at(-20))

    with database.write() as connection:
        for uid, hour in (("old", -9), ("tagged", -9), ("untagged", -9), ("new", -2), ("next", 0)):
            record(connection, draft(uid), "china", hour=hour)
        record(connection, draft("tagged"), "china", "japan", hour=-1)
        record(connection, draft("untagged"), hour=-2)
        record(connection, draft("retracted"), hour=-1)
        connection.execute(
            stories.update().where(stories.c.uid == "retracted").values(retracted_at=at(-0.5))
        )
        seen = read_board_stories(connection, at(-2), at(0))
    assert sorted(entry.story.uid for entry in seen) == ["new", "tagged", "untagged"]


def test_the_newest_stories_come_first(database: Database) -> None:
    with database.write() as connection:
        for uid, hour in (("a", -3), ("b", -1), ("c", -2)):
            record(connection, replace(DRAFT, uid=uid, published_at=at(hour)))
        assert [story.uid for story in latest_stories(connection, 2)] == ["b", "c"]
        found = find_stories(connection, ["c", "gone", "a"])
        assert [story.uid for story in found] == ["c", "a"]


@pytest.mark.parametrize("is_there", [False, True])
def test_two_ingests_of_one_story_are_recorded_one_after_the_other(
    postgres_database: Database, is_there: bool
) -> None:
    done: list[Recorded] = []

    def ingest() -> None:
        with postgres_database.write() as connection:
            done.append(record(connection, replace(DRAFT, title="Third"), hour=2))

    with postgres_database.write() as connection:
        save_tags(connection, VOCABULARY)
        if is_there:
            record(connection)
    other = Thread(target=ingest)
    with postgres_database.write() as connection:
        record(connection, replace(DRAFT, title="Second"), hour=1)
        other.start()
        until_somebody_waits(postgres_database)
    other.join()
    assert done == [Recorded.UPDATED]
    with postgres_database.read() as connection:
        story = bridge(connection)
    assert (story.title, story.revision) == ("Third", 3 if is_there else 2)


def test_two_ingests_that_meet_a_new_tag_at_once_share_it(postgres_database: Database) -> None:
    def ingest() -> None:
        with postgres_database.write() as connection:
            save_tags(connection, [Tag("volcano", "Volcano")])

    other = Thread(target=ingest)
    with postgres_database.write() as connection:
        save_tags(connection, [Tag("volcano", "Volcano")])
        other.start()
        until_somebody_waits(postgres_database)
    other.join()
    with postgres_database.read() as connection:
        assert [tag.slug for tag in read_vocabulary(connection)] == ["volcano"]
