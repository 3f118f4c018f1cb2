"""Reading tag expressions, and pointing at what cannot be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.expression_parser import _Parser, _read_plain
from mailer.core.expressions import (
    EVERYTHING,
    MOST_NESTING,
    MOST_TERMS,
    And,
    Expression,
    Not,
    Or,
    TagTerm,
    canonical,
    normalise,
    parse,
    point_at,
)
from mailer.core.tags import Tag, TagKind, Vocabulary
from mailer.errors import ExpressionError

VOCABULARY = Vocabulary(
    [
        Tag("china", "China", TagKind.COUNTRY, aliases=("中国",)),
        Tag("north-korea", "North Korea", TagKind.COUNTRY, aliases=("DPRK",)),
        Tag("japan", "Japan", TagKind.COUNTRY),
        Tag("bosnia-and-herzegovina", "Bosnia and Herzegovina", TagKind.COUNTRY),
        Tag("cote-d-ivoire", "Côte d’Ivoire", TagKind.COUNTRY),
        Tag("sport", "Sport"),
        Tag("sports-law", "Sports law"),
        Tag("law", "Law"),
        Tag("law-china", "Law, China"),
        Tag("not", "Not"),
    ]
)
WIDE = {point: point + 0xFEE0 for point in range(0x21, 0x7F)}  # the full-width forms of ASCII
CHINA, KOREA, JAPAN, SPORT = map(TagTerm, ("china", "north-korea", "japan", "sport"))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        pytest.param("china", CHINA, id="one tag"),
        pytest.param("*", EVERYTHING, id="everything"),
        pytest.param("china & japan & !sport", And((CHINA, JAPAN, Not(SPORT))), id="signs"),
        pytest.param("china and Japan AND Not sport", And((CHINA, JAPAN, Not(SPORT))), id="words"),
        pytest.param("china && japan || sport", Or((And((CHINA, JAPAN)), SPORT)), id="doubled"),
        pytest.param("china, japan、sport", Or((CHINA, JAPAN, SPORT)), id="commas"),
        pytest.param("china | japan & sport", Or((CHINA, And((JAPAN, SPORT)))), id="and is first"),
        pytest.param("(china | japan) & sport", And((Or((CHINA, JAPAN)), SPORT)), id="group"),
        pytest.param("((china))", CHINA, id="needless parentheses"),
        pytest.param("!(china | japan)", Not(Or((CHINA, JAPAN))), id="negated group"),
        pytest.param("!!china", Not(Not(CHINA)), id="twice negated"),
        pytest.param("china & -sport", And((CHINA, Not(SPORT))), id="hyphen for not"),
        pytest.param('-"sport", -(japan)', Or((Not(SPORT), Not(JAPAN))), id="hyphen and sign"),
        pytest.param("north korea & china", And((KOREA, CHINA)), id="words of one label"),
        pytest.param("DPRK | 中国", Or((KOREA, CHINA)), id="aliases"),
        pytest.param("NORTH_KOREA", KOREA, id="any spelling"),
        pytest.param("côte d'ivoire", TagTerm("cote-d-ivoire"), id="apostrophe"),
        pytest.param('"North Korea"&“china”', And((KOREA, CHINA)), id="quotes"),
        pytest.param("« china » | „japan“ | 「中国」", Or((CHINA, JAPAN, CHINA)), id="more quotes"),
        pytest.param(
            '"Bosnia and Herzegovina"', TagTerm("bosnia-and-herzegovina"), id="quoted and"
        ),
        pytest.param('!"not"', Not(TagTerm("not")), id="a tag called not"),
        pytest.param(
            "(china & !sport), *".translate(WIDE),
            Or((And((CHINA, Not(SPORT))), EVERYTHING)),
            id="wide",
        ),
        pytest.param("\ufeffchina\t&\n japan ", And((CHINA, JAPAN)), id="any white space"),
    ],
)
def test_an_expression_is_read_as_written(text: str, expression: Expression) -> None:
    assert parse(text, VOCABULARY) == expression


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        pytest.param("", 0, "no tag here: write one, or \\* for everything", id="empty"),
        pytest.param(" \n", 0, "no tag here", id="blank"),
        pytest.param("japan & chian", 8, "unknown tag 'chian': did you mean 'china'\\?", id="typo"),
        pytest.param('japan & " chian "', 10, "unknown tag 'chian'", id="typo in quotes"),
        pytest.param("xyzzy", 0, "unknown tag 'xyzzy': check its spelling", id="nothing near"),
        pytest.param("china north korea", 6, "'china & north-korea' for", id="two tags"),
        pytest.param("north korea china", 12, "'north-korea & china'", id="two tags, longer first"),
        pytest.param("north korae", 6, "'north korae': did you mean 'north-korea'", id="label"),
        pytest.param("china xyzzy", 6, "'xyzzy': between two tags put & ", id="one is known"),
        pytest.param("xyzzy plugh", 6, "'xyzzy plugh': between two tags put", id="none is known"),
        pytest.param("law china law", 10, "unknown tag 'law'|'china law'", id="two ways to cut"),
        pytest.param("bosnia and herzegovina", 0, "mean 'bosnia-and-herzegovina'", id="cut"),
        pytest.param("china & bosnia AND Herzegovina", 8, "needs dashes or quotes", id="cut later"),
        pytest.param("china & bosnia and", 8, "tag 'bosnia': did you mean", id="not a label"),
        pytest.param('china "japan"', 7, "put & .both. or . .either. before 'japan'", id="quoted"),
        pytest.param("china !sport", 6, "before '!'", id="not without and"),
        pytest.param("china -sport", 6, "before '-'", id="hyphen without and"),
        pytest.param("(china)(japan)", 7, "before '\\('", id="groups side by side"),
        pytest.param("chin*", 0, "unknown tag 'chin'", id="wildcard on a part"),
        pytest.param("china*", 5, "not for the rest of a word", id="wildcard"),
        pytest.param("(china | japan", 0, "never closed: add \\)", id="open"),
        pytest.param("china & (", 8, "never closed: add \\)", id="open at the end"),
        pytest.param("china) & japan", 5, "closes nothing", id="closed without opening"),
        pytest.param(")", 0, "closes nothing", id="only closed"),
        pytest.param("china & ()", 8, "nothing stands in these parentheses", id="empty group"),
        pytest.param('china & " "', 8, "nothing stands in these quotes", id="empty quotes"),
        pytest.param('china & "japan', 8, 'this " is never closed', id="open quote"),
        pytest.param("china &", 6, "nothing follows '&'", id="ends in and"),
        pytest.param("china, ", 5, "nothing follows ','", id="ends in a comma"),
        pytest.param("(china & ) | japan", 7, "nothing follows '&'", id="group ends in and"),
        pytest.param("china and not", 10, "nothing follows 'not'", id="ends in not"),
        pytest.param("& china", 0, "nothing stands before '&'", id="begins with and"),
        pytest.param("china | (or japan)", 9, "nothing stands before 'or'", id="group begins"),
        pytest.param("china & | japan", 8, "'\\|' stands right after '&'", id="two operators"),
        pytest.param("china @ japan", 6, "'@' has no meaning here", id="stray sign"),
        pytest.param("china\x07", 5, "U\\+0007 has no meaning here", id="control character"),
        pytest.param("china – japan", 6, "this – neither joins nor excludes", id="dash"),
        pytest.param("china - japan", 6, "this - neither joins nor excludes", id="lone hyphen"),
    ],
)  # fmt: skip
def test_a_mistake_is_pointed_at(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text, VOCABULARY)
    assert caught.value.position == position
    assert caught.value.text == text


def test_an_unknown_tag_comes_with_known_ones() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("jpan", VOCABULARY)
    assert caught.value.suggestions == ("japan",)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        pytest.param("china" + " " * 996, 1000, "1,000 are allowed", id="characters"),
        pytest.param("china|" * 60 + "china", 360, f"{MOST_TERMS} are allowed", id="tags"),
        pytest.param("(" * 21 + "china" + ")" * 21, 20, f"{MOST_NESTING} levels", id="nesting"),
        pytest.param("!" * 500 + "china", 20, f"{MOST_NESTING} levels", id="negations"),
        pytest.param("(" * 1000, 20, f"{MOST_NESTING} levels", id="only parentheses"),
        pytest.param("(" * 1_000_000, 1000, "1,000 are allowed", id="a million"),
    ],
)
def test_more_than_anybody_can_read_is_refused(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text, VOCABULARY)
    assert caught.value.position == position


def test_the_largest_expressions_are_read() -> None:
    assert parse("|".join(["china"] * 60), VOCABULARY) == Or((CHINA,) * 60)
    assert parse("(" * 20 + "!china" + ")" * 20, VOCABULARY) == Not(CHINA)
    assert canonical(parse("!(" * 10 + "china" + ")" * 10, VOCABULARY)) == "china"


def test_a_canonical_form_made_long_by_its_slugs_can_be_read_again() -> None:
    vocabulary = Vocabulary(
        Tag(f"{n:02}-{'long-' * 15}x", f"{n}", aliases=(f"a{n}",)) for n in range(MOST_TERMS)
    )
    written = parse(" & ".join(f"!a{n}" for n in range(MOST_TERMS)), vocabulary)
    assert len(canonical(written)) > 4_000
    assert parse(canonical(written), vocabulary) == normalise(written)


WORDS = ["china", "north", "korea", "chian", "and", "OR", "not", "中国"]
SIGNS = [*'&|,!-()"“”*’@– ', "\u00ad", "\0", *"(&)".translate(WIDE)]
FRAGMENTS = st.sampled_from(WORDS + SIGNS)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=30).map("".join)))
def test_any_text_is_read_or_pointed_at(text: str) -> None:
    try:
        expression = parse(text, VOCABULARY)
    except ExpressionError as error:
        mistake = error
    else:
        assert parse(canonical(expression), VOCABULARY) == normalise(expression)
        return
    lines = point_at(mistake).split("\n")
    assert mistake.text == text
    assert 0 <= mistake.position <= len(text)
    assert all(slug in VOCABULARY for slug in mistake.suggestions)
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("text", "position", "picture"),
    [
        pytest.param("china & chian", 8, ["china & chian", "        ^"], id="plain"),
        pytest.param("中国 & x", 5, ["中国 & x", "       ^"], id="wide characters"),
        pytest.param("\uff21 & x", 4, ["\uff21 & x", "     ^"], id="full-width letters"),
        pytest.param("pe\u0301 & x", 6, ["pe\u0301 & x", "     ^"], id="combining marks"),
        pytest.param("a\x1b[2J & x", 8, ["a[2J & x", "       ^"], id="control characters"),
        pytest.param("a\u202e & x", 5, ["a & x", "    ^"], id="turned direction"),
        pytest.param("a\n&\tx", 4, ["a & x", "    ^"], id="line breaks"),
        pytest.param("", 0, ["", "^"], id="empty"),
        pytest.param("a &", 99, ["a &", "   ^"], id="behind the end"),
    ],
)
def test_the_picture_has_its_caret_under_the_mistake(
    text: str, position: int, picture: list[str]
) -> None:
    error = ExpressionError("mend it\n\x07here", text=text, position=position)
    assert point_at(error).split("\n") == [*picture, "mend it here"]


def test_a_long_text_is_cut_to_what_stands_around_the_mistake() -> None:
    error = ExpressionError("here", text="中" * 300 + "x" + "y" * 300, position=300)
    text, caret, _ = point_at(error).split("\n")
    assert text == "…" + "中" * 25 + "x" + "y" * 24 + "…"
    assert caret == " " * 51 + "^"


PLAIN_PARTS = st.lists(
    st.sampled_from(
        (*("china", "sport", "not", "north-korea", "nowhere", "*", "!", "&", "|", "(", ")"), " ")
    ),
    max_size=12,
).map("".join)


@given(text=PLAIN_PARTS)
@settings(max_examples=300)
def test_plain_texts_are_read_as_the_whole_grammar_reads_them(text: str) -> None:
    quickly = _read_plain(text, VOCABULARY)
    if quickly is not None:
        assert quickly == _Parser(text, VOCABULARY).whole()


@pytest.mark.parametrize(
    "text", ["china", "!china", "china & !sport", "(china | japan) & !sport", "china|japan"]
)
def test_most_follows_are_plain(text: str) -> None:
    assert _read_plain(text, VOCABULARY) == _Parser(text, VOCABULARY).whole()
