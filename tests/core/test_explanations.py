"""Why an expression does not match a story, said part by part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.core.explanations import why_not
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
from tests.builders import VOCABULARY


@pytest.mark.parametrize(
    ("text", "tags", "reasons"),
    [
        pytest.param("china", {"china"}, [], id="it matches"),
        pytest.param("asia", {"china"}, [], id="it matches by a parent"),
        pytest.param("china", {"japan"}, ["the story has no china"], id="a tag is missing"),
        pytest.param(
            "trade & china & japan",
            {"china"},
            ["the story has no trade", "the story has no japan"],
            id="each missing tag, in the writer's order",
        ),
        pytest.param(
            "china & !sport",
            {"china", "sport"},
            ["the story has sport, which is excluded"],
            id="a tag too many",
        ),
        pytest.param(
            "!asia",
            {"japan"},
            ["the story has asia, which is excluded"],
            id="excluded by a parent",
        ),
        pytest.param(
            "trade & !(sport | japan)",
            {"japan"},
            ["the story has no trade", "the story has sport OR japan, which is excluded"],
            id="both kinds",
        ),
        pytest.param(
            "(japan | trade) & china",
            {"china"},
            ["the story has none of japan OR trade"],
            id="a choice of which none is there",
        ),
        pytest.param("!!china", set(), ["the story has no china"], id="double negation"),
        pytest.param(
            "!!!china", {"china"}, ["the story has china, which is excluded"], id="triple negation"
        ),
        pytest.param("!*", {"china"}, ["the expression excludes everything"], id="nothing"),
    ],
)
def test_the_parts_that_keep_a_story_out_are_named(
    text: str, tags: set[str], reasons: list[str]
) -> None:
    assert list(why_not(parse(text, VOCABULARY), tags, VOCABULARY)) == reasons


TAGS = ["asia", "china", "japan", "sport"]
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from([EVERYTHING, *map(TagTerm, TAGS)]),
    lambda terms: st.one_of(
        terms.map(Not),
        st.lists(terms, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(terms, max_size=3).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.sets(st.sampled_from(TAGS)))
def test_there_is_a_reason_exactly_when_it_does_not_match(
    expression: Expression, tags: set[str]
) -> None:
    assert bool(why_not(expression, tags, VOCABULARY)) is not matches(expression, tags, VOCABULARY)
