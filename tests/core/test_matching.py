"""Which stories of a window are new to a follow: bitmaps against the plain meaning."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.expressions import (
    EVERYTHING,
    And,
    Expression,
    Not,
    Or,
    TagTerm,
    matches,
    parse,
)
from mailer.core.matching import Board, BoardStory
from mailer.core.stories import TagSpan
from tests.builders import NOON, VOCABULARY, at, story


def entry(number: int, hour: float, *spans: TagSpan, published: float | None = None) -> BoardStory:
    """A story eligible at an hour, published then or at another."""
    published_at = at(hour if published is None else published)
    return BoardStory(story(number, hour=hour, published_at=published_at), spans)


def span(slug: str, added: float, removed: float | None = None) -> TagSpan:
    return TagSpan(slug, at(added), None if removed is None else at(removed))


def board(*entries: BoardStory, end: float = 0) -> Board:
    return Board(entries, VOCABULARY, at(end))


def ids(board: Board, bits: int) -> list[int]:
    return [story.id for story in board.stories_of(bits)]


def new(board: Board, text: str, cursor: float) -> list[int]:
    return ids(board, board.new_bits(parse(text, VOCABULARY), at(cursor)))


def matching(board: Board, text: str, hour: float | None = None) -> list[int]:
    moment = None if hour is None else at(hour)
    return ids(board, board.matching_bits(parse(text, VOCABULARY), moment))


def test_a_story_is_new_in_the_window_it_became_eligible_in() -> None:
    seen = board(entry(1, -3, span("china", -3)), entry(2, -1, span("china", -1)))
    assert new(seen, "china", cursor=-4) == [2, 1]
    assert new(seen, "china", cursor=-2) == [2]
    assert new(seen, "china", cursor=-0.5) == []


@pytest.mark.parametrize(
    ("hour", "is_new"),
    [
        pytest.param(-2.001, False, id="before the window"),
        pytest.param(-2, True, id="at its start"),
        pytest.param(-0.001, True, id="just before its end"),
        pytest.param(0, False, id="at its end"),
    ],
)
def test_a_window_has_its_start_but_not_its_end(hour: float, is_new: bool) -> None:
    seen = board(entry(1, hour, span("china", hour)))
    assert new(seen, "china", cursor=-2) == ([1] if is_new else [])


def test_windows_that_meet_tell_each_story_once() -> None:
    entries = [entry(n, hour, span("china", hour)) for n, hour in enumerate((-3, -2, -1, 0), 1)]
    early, late = board(*entries, end=-1), board(*entries, end=1)
    assert new(early, "china", cursor=-3) + new(late, "china", cursor=-1) == [2, 1, 4, 3]


def test_a_late_tag_makes_an_old_story_new_to_those_who_follow_it() -> None:
    seen = board(entry(1, -9, span("trade", -9), span("china", -1)))
    assert new(seen, "china", cursor=-2) == [1]
    assert new(seen, "china | trade", cursor=-2) == []


def test_a_tag_that_went_makes_a_story_new_to_those_it_kept_out() -> None:
    seen = board(entry(1, -9, span("china", -9), span("sport", -9, removed=-1)))
    assert new(seen, "china & !sport", cursor=-2) == [1]
    assert new(seen, "china", cursor=-2) == []
    assert new(seen, "sport", cursor=-10) == []


def test_a_tag_that_came_and_went_within_the_window_leaves_no_trace() -> None:
    seen = board(entry(1, -9, span("china", -9), span("sport", -1.5, removed=-1)))
    assert new(seen, "sport", cursor=-2) == []
    assert new(seen, "china & !sport", cursor=-2) == []


def test_a_tag_that_was_off_and_on_again_is_not_new() -> None:
    seen = board(entry(1, -9, span("china", -9, removed=-1.5), span("china", -1)))
    assert new(seen, "china", cursor=-2) == []
    assert new(seen, "china", cursor=-1.2) == [1]


def test_a_parent_takes_the_stories_below_it() -> None:
    seen = board(entry(1, -1, span("china", -1)), entry(2, -1, span("asia", -1)))
    assert new(seen, "asia", cursor=-2) == [2, 1]
    assert new(seen, "china", cursor=-2) == [1]
    assert new(seen, "!asia", cursor=-2) == []


def test_under_embargo_a_story_matches_nothing_not_even_not() -> None:
    held = entry(1, 2, span("china", -5), published=-5)
    for text in ("china", "*", "!sport", "china & !sport", "!sport | trade"):
        assert matching(board(held, end=1), text) == []
        assert new(board(held, end=1), text, cursor=-9) == []
        assert new(board(held, end=3), text, cursor=1) == [1]


def test_stories_come_newest_first_and_ties_by_the_later_id() -> None:
    seen = board(
        entry(1, -1, span("china", -1), published=-8),
        entry(2, -2, span("china", -1)),
        entry(3, -2, span("china", -1)),
    )
    assert new(seen, "china", cursor=-9) == [3, 2, 1]


def test_a_cursor_at_or_past_the_end_wants_nothing() -> None:
    seen = board(entry(1, -1, span("china", -1)))
    assert new(seen, "china", cursor=0) == []
    assert new(seen, "*", cursor=5) == []


def test_matching_looks_at_the_end_of_the_window_or_at_another_moment() -> None:
    seen = board(entry(1, -9, span("sport", -9, removed=-4)), entry(2, -1, span("sport", -1)))
    assert matching(seen, "sport") == [2]
    assert matching(seen, "sport", hour=-5) == [1]
    assert matching(seen, "*", hour=-5) == [1]


def test_ids_that_are_not_on_the_board_count_for_nothing() -> None:
    seen = board(entry(1, -1), entry(7, -1))
    assert ids(seen, seen.bits_of([7, 99])) == [7]
    assert seen.bits_of(iter(())) == 0
    assert list(Board([], VOCABULARY, NOON).stories_of(0)) == []


HOURS = st.integers(0, 5)
SLUGS = st.sampled_from(["asia", "china", "japan", "sport", "a-tag-that-went-away"])
SPANS = st.builds(
    lambda slug, added, lasts: span(slug, added, None if lasts is None else added + lasts),
    SLUGS,
    HOURS,
    st.none() | HOURS,
)
ENTRIES = st.lists(st.tuples(HOURS, HOURS, st.lists(SPANS, max_size=4)), max_size=6).map(
    lambda drawn: [
        entry(number, hour, *spans, published=published)
        for number, (hour, published, spans) in enumerate(drawn, 1)
    ]
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(SLUGS.map(TagTerm), st.just(EVERYTHING)),
    lambda terms: st.one_of(
        terms.map(Not),
        st.lists(terms, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(terms, max_size=3).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=8,
)


def wants(expression: Expression, entry: BoardStory, moment: datetime) -> bool:
    """Say what the bitmaps must say: as of a moment, knowing only what came strictly before it."""
    tags = {
        tag.slug
        for tag in entry.spans
        if tag.added_at < moment and (tag.removed_at is None or tag.removed_at >= moment)
    }
    return entry.story.eligible_at < moment and matches(expression, tags, VOCABULARY)


@settings(max_examples=400)
@given(ENTRIES, st.lists(EXPRESSIONS, min_size=1, max_size=3), st.lists(HOURS, max_size=3), HOURS)
def test_bitmaps_say_what_the_expression_means(
    entries: Sequence[BoardStory], expressions: list[Expression], cursors: list[int], end: int
) -> None:
    seen = board(*entries, end=end)
    for expression in expressions:
        now = {e.story.id for e in entries if wants(expression, e, at(end))}
        assert set(ids(seen, seen.matching_bits(expression))) == now
        for cursor in cursors:
            then = {e.story.id for e in entries if wants(expression, e, at(cursor))}
            fresh = ids(seen, seen.new_bits(expression, at(cursor)))
            assert set(fresh) == (now - then if cursor < end else set())
            assert len(fresh) == len(set(fresh))


@given(ENTRIES, EXPRESSIONS, st.lists(HOURS, min_size=2, max_size=5, unique=True).map(sorted))
def test_a_story_whose_tags_stay_is_new_in_exactly_one_of_adjoining_windows(
    entries: Sequence[BoardStory], expression: Expression, edges: list[int]
) -> None:
    settled = [
        BoardStory(e.story, tuple(TagSpan(tag.slug, at(-9)) for tag in e.spans)) for e in entries
    ]
    told = []
    for cursor, end in pairwise(edges):
        seen = board(*settled, end=end)
        told += ids(seen, seen.new_bits(expression, at(cursor)))
    whole = board(*settled, end=edges[-1])
    assert sorted(told) == sorted(ids(whole, whole.new_bits(expression, at(edges[0]))))
