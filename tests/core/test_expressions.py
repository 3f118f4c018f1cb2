"""What tag expressions mean: their one form, their words, and which stories they take."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.expressions import (
    EVERYTHING,
    NOTHING,
    And,
    Expression,
    Not,
    Or,
    TagTerm,
    canonical,
    in_words,
    matches,
    never_matches,
    normalise,
    parse,
    rewrite,
    slugs_in,
    tags_of,
)
from mailer.core.tags import Tag, TagKind, Vocabulary

VOCABULARY = Vocabulary(
    [
        Tag("asia", "Asia", TagKind.REGION),
        Tag("china", "China", TagKind.COUNTRY, parent="asia", aliases=("PRC",)),
        Tag("north-korea", "North Korea", TagKind.COUNTRY, parent="asia"),
        Tag("japan", "Japan", TagKind.COUNTRY, parent="asia"),
        Tag("taiwan", "Taiwan", TagKind.COUNTRY, parent="asia"),
        Tag("sport", "Sport"),
        Tag("trade", "Trade"),
        Tag("or", "Or"),
        *(Tag(letter, letter.upper()) for letter in "abcdef"),
    ]
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("north korea & !sport & china", "china & north-korea & !sport", id="sorted"),
        pytest.param("PRC & china", "china", id="an alias is its tag"),
        pytest.param("china | asia", "asia | china", id="a parent is not its child"),
        pytest.param("(japan | taiwan) & trade", "trade & (japan | taiwan)", id="group after tags"),
        pytest.param("a & b | c", "c | a & b", id="no needless parentheses"),
        pytest.param("a & (b & (c & a))", "a & b & c", id="flat"),
        pytest.param("(a | b) | (c | b)", "a | b | c", id="each once"),
        pytest.param("!!a", "a", id="double negation"),
        pytest.param("!(a & !b)", "b | !a", id="not within and"),
        pytest.param("!(a | b & !c)", "(c | !b) & !a", id="not within or"),
        pytest.param("a | a & b", "a", id="absorbed by or"),
        pytest.param("(a | c | b) & (a | b)", "a | b", id="absorbed by and"),
        pytest.param("* & a", "a", id="everything in and"),
        pytest.param("* | a", "*", id="everything in or"),
        pytest.param("!* | a", "a", id="nothing in or"),
        pytest.param("a & !*", "!*", id="nothing in and"),
        pytest.param("a & !a", "!*", id="contradiction"),
        pytest.param("a | !a", "*", id="tautology"),
        pytest.param("(a | b) & c & !(b | a)", "!*", id="contradiction of groups"),
        pytest.param("a & b | !(b & a)", "*", id="tautology of groups"),
        pytest.param("(a | b & c) & !(b & c | a)", "!*", id="contradiction of deep groups"),
        pytest.param("b & !b | a", "a", id="contradiction inside"),
        pytest.param('a & "or"', '"or" & a', id="a tag that reads like an operator"),
    ],
)
def test_what_means_the_same_by_shape_has_one_form(text: str, form: str) -> None:
    assert canonical(parse(text, VOCABULARY)) == form


def test_grouping_does_not_hide_a_contradiction() -> None:
    together = parse("(a | b & c) & !a & !b & (!b | !c)", VOCABULARY)
    grouped = parse("((a | b & c) & !a) & (!b & (!b | !c))", VOCABULARY)
    assert canonical(together) == canonical(grouped) == "!*"


def test_slugs_of_any_script_and_words_of_operators_are_found() -> None:
    form = '("or" | 서울) & !côte-d-ivoire & *'
    assert slugs_in(form) == {"or", "서울", "côte-d-ivoire"}
    assert slugs_in("!*") == frozenset()


def test_groups_without_terms_are_everything_and_nothing() -> None:
    assert normalise(And(())) == EVERYTHING
    assert normalise(Or(())) == NOTHING
    assert (in_words(And(())), in_words(Or(()))) == ("everything", "nothing")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("north-korea & china", "north-korea AND china", id="order kept"),
        pytest.param("(japan | taiwan) & trade", "(japan OR taiwan) AND trade", id="group"),
        pytest.param("a | b & c", "a OR (b AND c)", id="and within or is made clear"),
        pytest.param("(a & b) & c", "a AND b AND c", id="needless group"),
        pytest.param("asia & !sport", "asia AND NOT sport", id="not"),
        pytest.param("!(a | b)", "NOT (a OR b)", id="not of a group"),
        pytest.param("*", "everything", id="everything"),
        pytest.param("* & !sport", "everything AND NOT sport", id="everything but"),
        pytest.param("!*", "nothing", id="nothing"),
    ],
)
def test_an_expression_is_said_in_the_writers_order(text: str, words: str) -> None:
    assert in_words(parse(text, VOCABULARY)) == words


def test_words_can_show_labels() -> None:
    said = in_words(parse("north-korea & !sport", VOCABULARY), VOCABULARY.label)
    assert said == "North Korea AND NOT Sport"


@pytest.mark.parametrize(
    ("text", "tags", "taken"),
    [
        pytest.param("china & north-korea", {"china", "north-korea", "trade"}, True, id="both"),
        pytest.param("china & north-korea", {"china"}, False, id="one of both"),
        pytest.param("asia", {"china"}, True, id="a parent takes its child's stories"),
        pytest.param("china", {"asia"}, False, id="a child does not take its parent's"),
        pytest.param("asia & !china", {"china", "japan"}, False, id="excluded though wanted"),
        pytest.param("trade & !asia", {"trade", "japan"}, False, id="excluded by its parent"),
        pytest.param("*", set(), True, id="everything takes a story without tags"),
        pytest.param("!sport", set(), True, id="not takes a story without tags"),
        pytest.param("!*", {"china"}, False, id="nothing takes nothing"),
        pytest.param("(japan | taiwan) & trade", {"taiwan", "trade"}, True, id="group"),
        pytest.param("china", {"china", "tag-that-went-away"}, True, id="unknown tag on a story"),
    ],
)
def test_a_story_is_taken_by_its_tags(text: str, tags: set[str], taken: bool) -> None:
    assert matches(parse(text, VOCABULARY), tags, VOCABULARY) is taken


@pytest.mark.parametrize(
    ("text", "by_shape", "by_family"),
    [
        pytest.param("a & !a", True, True, id="contradiction"),
        pytest.param("!*", True, True, id="nothing"),
        pytest.param("china & !asia", False, True, id="a child without its parent"),
        pytest.param("a & (china & !asia | b & !b)", False, True, id="in every branch"),
        pytest.param("a | china & !asia", False, False, id="one branch is left"),
        pytest.param("asia & !china", False, False, id="a parent without one child"),
    ],
)
def test_an_expression_without_hope_is_known(text: str, by_shape: bool, by_family: bool) -> None:
    expression = parse(text, VOCABULARY)
    assert never_matches(expression) is by_shape
    assert never_matches(expression, VOCABULARY) is by_family


def test_all_tags_count_wanted_or_not() -> None:
    expression = parse("(a | !b) & * & !(c & a)", VOCABULARY)
    assert tags_of(expression) == {"a", "b", "c"}


def test_tags_are_replaced_all_at_once() -> None:
    expression = parse("a & !(b | c) & *", VOCABULARY)
    swapped = rewrite(expression, {"a": "b", "b": "a"})
    assert swapped == parse("b & !(a | c) & *", VOCABULARY)
    assert canonical(rewrite(parse("a | b", VOCABULARY), {"a": "b"})) == "b"


LEAVES = st.one_of(
    st.sampled_from([TagTerm(slug) for slug in ("a", "b", "c", "asia", "china", "or")]),
    st.just(EVERYTHING),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda terms: st.one_of(
        terms.map(Not),
        st.lists(terms, min_size=1, max_size=4).map(lambda found: And(tuple(found))),
        st.lists(terms, min_size=1, max_size=4).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=16,
)
TAG_SETS = st.lists(
    st.sets(st.sampled_from(["a", "b", "c", "asia", "china", "or"])), min_size=1, max_size=6
)


def shuffled(expression: Expression, chance: random.Random) -> Expression:
    """Write the same with its terms in another order, some twice, some in groups of their own."""
    if isinstance(expression, Not):
        return Not(shuffled(expression.term, chance))
    if not isinstance(expression, And | Or):
        return chance.choice([expression, Not(Not(expression))])
    group = type(expression)
    terms = [shuffled(term, chance) for term in expression.terms]
    terms += chance.choices(terms, k=chance.randint(0, 2))
    chance.shuffle(terms)
    cut = chance.randint(0, len(terms))
    if chance.random() < 0.5:
        return group((group(tuple(terms[:cut])), *terms[cut:]))
    return group(tuple(terms))


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_the_canonical_form_is_its_own_and_can_be_read_again(expression: Expression) -> None:
    normal = normalise(expression)
    assert normalise(normal) == normal
    assert parse(canonical(expression), VOCABULARY) == normal
    assert slugs_in(canonical(expression)) == tags_of(normal)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.randoms(use_true_random=False))
def test_order_repetition_and_grouping_do_not_count(
    expression: Expression, chance: random.Random
) -> None:
    assert canonical(shuffled(expression, chance)) == canonical(expression)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, TAG_SETS)
def test_the_canonical_form_takes_the_same_stories(
    expression: Expression, stories: list[set[str]]
) -> None:
    normal = normalise(expression)
    hopeless = never_matches(expression, VOCABULARY)
    for tags in stories:
        taken = matches(expression, tags, VOCABULARY)
        assert matches(normal, tags, VOCABULARY) is taken
        assert matches(Not(normal), tags, VOCABULARY) is not taken
        assert not (taken and hopeless)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_negating_twice_changes_nothing(expression: Expression) -> None:
    assert normalise(Not(normalise(Not(expression)))) == normalise(expression)
