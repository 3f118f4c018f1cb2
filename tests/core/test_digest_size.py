"""Fitting a digest under its limit: what shrinks first, and that nothing is lost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.digests import Digest, Item, Section, Shown, Weights, fit
from tests.builders import story


def digest(*sizes: int) -> Digest:
    """A digest with sections of these sizes; stories are numbered in reading order."""
    numbers = iter(range(1, sum(sizes) + 1))
    return Digest(
        tuple(
            Section(
                follow_id,
                "*",
                tuple(Item(story(next(numbers)), Shown.FULL, ()) for _ in range(size)),
            )
            for follow_id, size in enumerate(sizes, 1)
        )
    )


def even(limit: int, *, more: int = 2) -> Weights:
    """Ten for a story, three for its headline, nothing for what stands around them."""
    numbers = range(1, 100)
    full, headline = dict.fromkeys(numbers, 10), dict.fromkeys(numbers, 3)
    return Weights(limit, frame=0, section=0, more=more, full=full, headline=headline)


def drawn(digest: Digest) -> list[str]:
    """One letter a story, one word a section: F is full, h a headline, - behind the link."""
    letter = {Shown.FULL: "F", Shown.HEADLINE: "h", Shown.LINKED: "-"}
    return ["".join(letter[item.shown] for item in section.items) for section in digest.sections]


def weight(digest: Digest, weights: Weights) -> int:
    """Weigh a mail as the renderer promises to draw it."""
    total = weights.frame
    for section in digest.sections:
        total += weights.section + (weights.more if section.linked else 0)
        for item in section.told:
            of = weights.full if item.shown is Shown.FULL else weights.headline
            total += of[item.story.id]
    return total


def lightest(digest: Digest, weights: Weights) -> int:
    """Weigh the mail that tells least: the first story stays, any other may go behind a link."""
    total = weights.frame + weights.section * len(digest.sections)
    for number, section in enumerate(digest.sections):
        least = [
            min(weights.full[item.story.id], weights.headline[item.story.id])
            for item in section.items
        ]
        kept = least.pop(0) if number == 0 else 0
        total += kept + min(sum(least), weights.more)
    return total


@pytest.mark.parametrize(
    ("limit", "picture"),
    [
        pytest.param(60, ["FFF", "FFF"], id="all fits"),
        pytest.param(59, ["FFF", "FFh"], id="the deepest of the last section becomes a headline"),
        pytest.param(52, ["FFh", "FFh"], id="then the deepest of the one before"),
        pytest.param(38, ["Fhh", "Fhh"], id="the first of each section is told in full"),
        pytest.param(31, ["Fhh", "hhh"], id="the first of the last section goes first"),
        pytest.param(18, ["hhh", "hhh"], id="headlines only"),
        pytest.param(17, ["hhh", "hh-"], id="a link once all are headlines"),
        pytest.param(15, ["hh-", "h--"], id="the link line costs its weight once a section"),
        pytest.param(10, ["h--", "h--"], id="every section keeps a headline"),
        pytest.param(9, ["h--", "---"], id="but the last may go altogether"),
        pytest.param(0, ["h--", "---"], id="the very first story stays whatever it weighs"),
    ],
)
def test_a_digest_shrinks_from_its_depth(limit: int, picture: list[str]) -> None:
    assert drawn(fit(digest(3, 3), even(limit))) == picture


def test_a_busy_follow_does_not_silence_the_others() -> None:
    assert drawn(fit(digest(1, 9, 1), even(40))) == ["F", "hhhhhhhhh", "h"]
    assert drawn(fit(digest(1, 9, 1), even(20))) == ["h", "hhhh-----", "h"]


def test_a_story_that_would_grow_as_a_headline_stays_whole() -> None:
    short = replace(even(19), headline={1: 3, 2: 12})
    assert drawn(fit(digest(2), short)) == ["hF"]


def test_a_link_that_weighs_more_than_what_it_hides_is_not_set() -> None:
    assert drawn(fit(digest(3, 1), even(9, more=4))) == ["h--", "h"]
    assert drawn(fit(digest(1, 1), even(0, more=4))) == ["h", "h"]


WEIGHTS = st.integers(0, 60)
DIGESTS = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(lambda sizes: digest(*sizes))
ANY_WEIGHTS = st.builds(
    lambda limit, frame, section, more, full, headline: Weights(
        limit, frame, section, more, dict(enumerate(full, 1)), dict(enumerate(headline, 1))
    ),
    st.integers(0, 500),
    *(WEIGHTS,) * 3,
    *(st.lists(WEIGHTS, min_size=16, max_size=16),) * 2,
)
# As they are drawn: a headline is lighter than its story and heavier than the link line.
REAL_WEIGHTS = ANY_WEIGHTS.map(
    lambda drawn: replace(
        drawn,
        headline={n: drawn.more + 1 + drawn.headline[n] for n in drawn.headline},
        full={n: drawn.more + 2 + drawn.headline[n] + drawn.full[n] for n in drawn.full},
    )
)


@settings(max_examples=300)
@given(DIGESTS, ANY_WEIGHTS)
def test_only_what_no_arrangement_makes_light_enough_is_over_the_limit(
    whole: Digest, weights: Weights
) -> None:
    fitted = fit(whole, weights)
    assert weight(fitted, weights) <= max(weights.limit, lightest(whole, weights))
    assert fitted == fit(whole, weights)
    if weight(whole, weights) <= weights.limit:
        assert fitted == whole


@given(DIGESTS, ANY_WEIGHTS)
def test_nothing_is_lost_by_fitting(whole: Digest, weights: Weights) -> None:
    fitted = fit(whole, weights)
    assert [item.story.id for item in fitted.items] == [item.story.id for item in whole.items]
    assert [section.follow_id for section in fitted.sections] == [
        section.follow_id for section in whole.sections
    ]
    assert fitted.items[0].shown is not Shown.LINKED


@settings(max_examples=300)
@given(DIGESTS, REAL_WEIGHTS)
def test_items_shrink_in_turn_deepest_first(whole: Digest, weights: Weights) -> None:
    fitted = fit(whole, weights)
    in_turn = [
        item.shown
        for _, _, item in sorted(
            (
                (depth, number, item)
                for number, section in enumerate(fitted.sections)
                for depth, item in enumerate(section.items)
            ),
            key=lambda placed: placed[:2],
        )
    ]
    assert in_turn == sorted(in_turn, key=list(Shown).index)
    assert not {Shown.FULL, Shown.LINKED} <= set(in_turn)
    if weight(fitted, weights) > weights.limit:
        assert [item.shown for item in fitted.items if item.shown is not Shown.LINKED] == [
            Shown.HEADLINE
        ]
