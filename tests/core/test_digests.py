"""Composing one reader's digest: sections, reasons, mutes, what she has, and what is left out."""

from dataclasses import replace

import pytest

from mailer.core.digests import (
    Composition,
    Digest,
    Item,
    Omission,
    Reason,
    Section,
    Shown,
    Why,
    compose,
)
from mailer.core.matching import Board, BoardStory
from mailer.core.preferences import PreferenceParser
from mailer.core.stories import Story, TagSpan
from tests.builders import NOON, VOCABULARY, at, follower, story

BRIDGE = story(1, "china", "north-korea", hour=-4)
STEEL = story(2, "china", "trade", hour=-3)
CUP = story(3, "japan", "sport", hour=-2)
RAIL = story(4, "china", hour=-1)


def board(*stories: Story) -> Board:
    return Board(
        [
            BoardStory(one, tuple(TagSpan(slug, one.eligible_at) for slug in one.tags))
            for one in stories
        ],
        VOCABULARY,
        NOON,
    )


def composed(
    *follows: str,
    mutes: tuple[str, ...] = (),
    has: tuple[Story, ...] = (),
    base: str = "*",
    stories: tuple[Story, ...] = (BRIDGE, STEEL, CUP, RAIL),
) -> Composition:
    seen = board(*stories)
    preferences = PreferenceParser(VOCABULARY, base).read(follower(*follows, mutes=mutes))
    return compose(preferences, seen, seen.bits_of([one.id for one in has]))


def told(composition: Composition) -> dict[int, list[int]]:
    """Which follow brings which stories, in reading order."""
    sections = composition.digest.sections if composition.digest else ()
    return {section.follow_id: [item.story.id for item in section.items] for section in sections}


def left_out(composition: Composition) -> list[tuple[int, str, str]]:
    return [(one.story_id, one.why.value, one.detail) for one in composition.omissions]


def test_sections_keep_the_order_of_the_follows_and_stories_run_newest_first() -> None:
    digest = composed("sport", "china").digest
    assert digest is not None
    assert [(section.follow_id, section.expression) for section in digest.sections] == [
        (1, "sport"),
        (2, "china"),
    ]
    assert [item.story for item in digest.items] == [CUP, RAIL, STEEL, BRIDGE]
    assert {item.shown for item in digest.items} == {Shown.FULL}


def test_a_story_matched_twice_appears_once_with_both_reasons() -> None:
    digest = composed("china & trade", "sport", "china | japan & sport").digest
    assert digest is not None
    assert told(Composition(digest, ())) == {1: [2], 2: [3], 3: [4, 1]}
    assert {
        item.story.id: [(reason.follow_id, str(reason)) for reason in item.reasons]
        for item in digest.items
    } == {
        2: [(1, "You follow china AND trade"), (3, "You follow china OR (japan AND sport)")],
        3: [(2, "You follow sport"), (3, "You follow china OR (japan AND sport)")],
        4: [(3, "You follow china OR (japan AND sport)")],
        1: [(3, "You follow china OR (japan AND sport)")],
    }


def test_a_reason_says_what_she_wrote_and_not_the_newsletters_base() -> None:
    digest = composed("trade & china", base="asia").digest
    assert digest is not None
    assert digest.items[0].reasons == (Reason(1, "china & trade", "trade AND china"),)


def test_the_newsletters_base_narrows_every_follow() -> None:
    assert told(composed("*", base="trade")) == {1: [2]}
    assert told(composed("japan", base="china")) == {}


def test_a_follow_whose_stories_stand_above_gets_no_section_of_its_own() -> None:
    assert told(composed("china", "china & trade")) == {1: [4, 2, 1]}


@pytest.mark.parametrize(
    ("follows", "stories"),
    [
        pytest.param((), (BRIDGE,), id="she follows nothing"),
        pytest.param(("japan",), (BRIDGE, STEEL), id="nothing matches"),
        pytest.param(("china",), (), id="no stories"),
        pytest.param(("china",), (story(9, "china", hour=-25),), id="before her window"),
        pytest.param(("china",), (story(9, "china", hour=0),), id="after it"),
    ],
)
def test_without_new_stories_there_is_no_digest(
    follows: tuple[str, ...], stories: tuple[Story, ...]
) -> None:
    assert composed(*follows, stories=stories) == Composition(None, ())


def test_muted_stories_are_left_out_and_the_mute_is_named() -> None:
    muted = composed("asia", mutes=("north-korea", "trade | sport"))
    assert told(muted) == {1: [4]}
    assert left_out(muted) == [
        (3, "muted", "sport | trade"),
        (2, "muted", "sport | trade"),
        (1, "muted", "north-korea"),
    ]


def test_a_mute_holds_beyond_the_newsletters_base() -> None:
    assert left_out(composed("china", mutes=("trade",), base="china")) == [(2, "muted", "trade")]


def test_a_tag_that_went_by_the_windows_end_mutes_nothing() -> None:
    spans = (TagSpan("china", at(-2)), TagSpan("sport", at(-2), removed_at=at(-1)))
    seen = Board([BoardStory(story(1, "china", hour=-2), spans)], VOCABULARY, NOON)
    preferences = PreferenceParser(VOCABULARY, "*").read(follower("china", mutes=("sport",)))
    assert told(compose(preferences, seen, 0)) == {1: [1]}


def test_a_story_she_was_given_does_not_come_again() -> None:
    again = composed("china", "trade", has=(STEEL, CUP))
    assert told(again) == {1: [4, 1]}
    assert again.omissions == (Omission(2, "story-2", Why.GIVEN),)


def test_given_and_muted_is_recorded_once_as_given() -> None:
    both = composed("china & trade", mutes=("trade",), has=(STEEL,))
    assert told(both) == {}
    assert left_out(both) == [(2, "given", "")]


def test_what_no_follow_wants_is_not_an_omission() -> None:
    assert left_out(composed("japan", mutes=("china",), has=(STEEL,))) == []


def test_each_follow_looks_from_its_own_cursor() -> None:
    asking = follower("china", "trade")
    china, trade = asking.follows
    apart = replace(asking, follows=(replace(china, cursor_at=at(-1.5)), trade))
    preferences = PreferenceParser(VOCABULARY, "*").read(apart)
    assert told(compose(preferences, board(BRIDGE, STEEL, RAIL), 0)) == {1: [4], 2: [2]}


def test_told_and_linked_items_of_a_section_are_told_apart() -> None:
    items = tuple(Item(story(number), shown, ()) for number, shown in enumerate(Shown, 1))
    section = Section(1, "china", items)
    assert section.told == items[:2]
    assert section.linked == items[2:]
    assert Digest((section, section)).items == items * 2
