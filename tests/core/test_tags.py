"""Slugs, kickers and the vocabulary."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.core.tags import LONGEST_SLUG, Tag, TagKind, Vocabulary, kicker_labels, slugify
from mailer.errors import InputError

ASIA = Tag("asia", "Asia", TagKind.REGION)
EAST_ASIA = Tag("east-asia", "East Asia", TagKind.REGION, parent="asia")
CHINA = Tag("china", "China", TagKind.COUNTRY, parent="east-asia", aliases=("PRC", "中国"))
NORTH_KOREA = Tag("north-korea", "North Korea", TagKind.COUNTRY, "east-asia", ("DPRK",))
SOUTH_KOREA = Tag("south-korea", "South Korea", TagKind.COUNTRY, "east-asia", ("ROK",))
IVORY_COAST = Tag("cote-d-ivoire", "Côte d’Ivoire", TagKind.COUNTRY)
SPORT = Tag("sport", "Sport")

VOCABULARY = Vocabulary(
    [SPORT, NORTH_KOREA, SOUTH_KOREA, CHINA, ASIA, EAST_ASIA, IVORY_COAST],
)


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        pytest.param("North Korea", "north-korea", id="spaces become one dash"),
        pytest.param("  Timor--Leste!", "timor-leste", id="edges and doubled dashes go"),
        pytest.param("Perù", "peru", id="latin accents go"),
        pytest.param("Peru\u0300", "peru", id="an accent typed on its own goes too"),
        pytest.param("Côte d’Ivoire", "cote-d-ivoire", id="apostrophes become dashes"),
        pytest.param("Łódź", "lodz", id="latin letters without decomposition become plain"),
        pytest.param("Straße", "strasse", id="letters unfold with their case"),
        pytest.param("İstanbul", "istanbul", id="the dotted capital of Turkish"),
        pytest.param("中国", "中国", id="chinese stays"),
        pytest.param("한국", "한국", id="korean stays composed"),
        pytest.param(
            "Hawai\N{MODIFIER LETTER TURNED COMMA}i", "hawai-i", id="letter-like apostrophe"
        ),
        pytest.param("ガザ", "ガザ", id="marks of kana stay"),
        pytest.param("भारत की", "भारत-की", id="vowel signs of hindi stay"),
        pytest.param("ΕΛΛΆΔΑ", "ελλαδα", id="greek loses its accents"),
        pytest.param("\uff27\uff12\uff10", "g20", id="full-width forms become plain"),
        pytest.param("Timor\u00ad\u200bLeste", "timorleste", id="invisible characters go"),
    ],
)
def test_a_label_has_one_slug(label: str, slug: str) -> None:
    assert slugify(label) == slug


@pytest.mark.parametrize("label", ["", "  ", "—", "!?", "\u0301"])
def test_a_label_without_letters_or_digits_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="at least one letter or digit"):
        slugify(label)


def test_a_slug_is_never_longer_than_eighty_characters_and_never_ends_in_a_dash() -> None:
    assert slugify("a" * 79 + " b") == "a" * 79
    assert slugify("中" * 100) == "中" * LONGEST_SLUG


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=90))
def test_a_slug_is_its_own_slug(label: str) -> None:
    try:
        slug = slugify(label)
    except InputError:
        return
    assert slugify(slug) == slug
    assert len(slug) <= LONGEST_SLUG
    assert "--" not in slug
    assert slug == slug.strip("-")


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=70))
def test_plain_and_marked_text_are_folded_alike(label: str) -> None:
    try:
        plain = slugify(label)
    except InputError:
        plain = ""
    # A letter beyond ASCII sends the whole label the longer way.
    assert slugify(f"{label} é") == f"{plain}-e".strip("-")


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        pytest.param(
            "CHINA – NORTH KOREA – SOUTH KOREA",
            ("China", "North Korea", "South Korea"),
            id="en dashes",
        ),
        pytest.param("CHINA—INDIA", ("China", "India"), id="em dash without spaces"),
        pytest.param("VATICAN - IRAQ", ("Vatican", "Iraq"), id="spaced hyphen"),
        pytest.param("VATICAN -- IRAQ", ("Vatican", "Iraq"), id="two hyphens for a dash"),
        pytest.param("IRAN / IRAQ | SYRIA", ("Iran", "Iraq", "Syria"), id="slash and bar"),
        pytest.param("中国\uff0f朝鲜", ("中国", "朝鲜"), id="full-width slash"),
        pytest.param("TIMOR-LESTE – INDONESIA", ("Timor-Leste", "Indonesia"), id="inner hyphen"),
        pytest.param("BOSNIA AND HERZEGOVINA", ("Bosnia and Herzegovina",), id="small word"),
        pytest.param("THE GAMBIA", ("The Gambia",), id="a small word that begins"),
        pytest.param("PORT-AU-PRINCE", ("Port-au-Prince",), id="small word between hyphens"),
        pytest.param("CÔTE D’IVOIRE – L'AQUILA", ("Côte d’Ivoire", "L'Aquila"), id="elision"),
        pytest.param("O’BRIEN – XI’AN", ("O’Brien", "Xi’an"), id="apostrophes in names"),
        pytest.param("PEOPLE'S REPUBLIC", ("People's Republic",), id="genitive"),
        pytest.param(
            "UAE - USA - UK - EU - UN - DR CONGO",
            ("UAE", "USA", "UK", "EU", "UN", "DR Congo"),
            id="read letter by letter",
        ),
        pytest.param("U.S. – G20", ("U.S.", "G20"), id="dotted and numbered"),
        pytest.param("KOREA (DPRK)", ("Korea (DPRK)",), id="parentheses"),
        pytest.param("eSwatini – Kim Jong-un", ("eSwatini", "Kim Jong-un"), id="as printed"),
        pytest.param("CHINA – TAIWAN – China", ("China", "Taiwan"), id="each once, order kept"),
        pytest.param(" – CHINA\u00a0– – ", ("China",), id="stray dashes"),
        pytest.param(" – ", (), id="nothing"),
    ],
)
def test_a_kicker_falls_into_its_labels(line: str, labels: tuple[str, ...]) -> None:
    assert kicker_labels(line) == labels


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        pytest.param("north-korea", "north-korea", id="slug"),
        pytest.param("North Korea", "north-korea", id="label"),
        pytest.param(" NORTH_korea ", "north-korea", id="case and underscore"),
        pytest.param("northkorea", "north-korea", id="nothing between the words"),
        pytest.param("dprk", "north-korea", id="alias"),
        pytest.param("中国", "china", id="alias in another script"),
        pytest.param("Cote d'Ivoire", "cote-d-ivoire", id="accent and straight apostrophe"),
        pytest.param("cote divoire", "cote-d-ivoire", id="no apostrophe"),
        pytest.param("korea", None, id="a part of a label"),
        pytest.param("♥", None, id="no letter at all"),
    ],
)
def test_a_spelling_finds_its_tag(text: str, slug: str | None) -> None:
    found = VOCABULARY.resolve(text)
    assert (found.slug if found else None) == slug


def test_a_slug_wins_over_an_alias_and_an_alias_over_a_label() -> None:
    vocabulary = Vocabulary(
        [
            Tag("georgia", "Georgia (country)"),
            Tag("georgia-us", "Georgia"),
            Tag("myanmar", "Myanmar", aliases=("Burma",)),
            Tag("burmese-politics", "Burma"),
        ]
    )
    assert vocabulary.resolve("Georgia") == vocabulary.get("georgia")
    assert vocabulary.resolve("Burma") == vocabulary.get("myanmar")


def test_a_label_of_two_tags_finds_neither_but_both_are_near() -> None:
    vocabulary = Vocabulary([Tag("georgia-country", "Georgia"), Tag("georgia-us", "Georgia")])
    assert vocabulary.resolve("georgia") is None
    assert vocabulary.nearest("georgia") == ("georgia-country", "georgia-us")


def test_slugs_that_differ_in_dashes_are_two_tags() -> None:
    vocabulary = Vocabulary([Tag("re-form", "Re-form"), Tag("reform", "Reform")])
    assert vocabulary.resolve("re form") == vocabulary.get("re-form")
    assert vocabulary.resolve("reform") == vocabulary.get("reform")
    assert vocabulary.resolve("ref orm") is None


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        pytest.param("chian", ("china",), id="letters swapped"),
        pytest.param("dprc", ("china", "north-korea"), id="near to aliases"),
        pytest.param("korea", ("north-korea", "south-korea"), id="a word of two labels"),
        pytest.param("ivoire", ("cote-d-ivoire",), id="the last word"),
        pytest.param("xyzzy", (), id="nothing near"),
        pytest.param("!!", (), id="nothing to compare"),
    ],
)
def test_nearest_names_what_was_meant(text: str, slugs: tuple[str, ...]) -> None:
    assert VOCABULARY.nearest(text) == slugs


def test_nearest_keeps_to_its_limit() -> None:
    assert VOCABULARY.nearest("korea", limit=1) == ("north-korea",)


def test_a_family_reaches_over_generations() -> None:
    assert VOCABULARY.descendants("asia") == {
        "asia",
        "east-asia",
        "china",
        "north-korea",
        "south-korea",
    }
    assert VOCABULARY.descendants("china") == {"china"}
    assert VOCABULARY.ancestors("china") == ("east-asia", "asia")
    assert VOCABULARY.ancestors("asia") == ()


def test_an_unknown_slug_stands_alone() -> None:
    assert VOCABULARY.descendants("atlantis") == {"atlantis"}
    assert VOCABULARY.ancestors("atlantis") == ()
    assert VOCABULARY.label("atlantis") == "atlantis"
    assert VOCABULARY.get("atlantis") is None
    assert "atlantis" not in VOCABULARY


def test_a_vocabulary_lists_its_tags_by_slug() -> None:
    slugs = [tag.slug for tag in VOCABULARY]
    assert slugs == sorted(slugs)
    assert len(VOCABULARY) == len(slugs) == 7
    assert "china" in VOCABULARY
    assert VOCABULARY.label("china") == "China"


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        pytest.param(
            [Tag("a", "A", parent="b"), Tag("b", "B", parent="c"), Tag("c", "C", parent="a")],
            "circle, 'a' under 'b' under 'c' under 'a'",
            id="a circle of parents",
        ),
        pytest.param([Tag("a", "A", parent="a")], "circle, 'a' under 'a'", id="its own parent"),
        pytest.param(
            [ASIA, Tag("china", "China", parent="aisa")],
            "'china' has the unknown parent 'aisa': use 'asia'",
            id="unknown parent",
        ),
        pytest.param(
            [Tag("a", "A", aliases=("x",)), Tag("b", "B", aliases=("X!",))],
            "'X!' is claimed by two tags, 'a' and 'b'",
            id="an alias claimed twice",
        ),
        pytest.param(
            [Tag("a", "A"), Tag("b", "B", aliases=("a",))],
            "'a' is claimed by two tags, 'a' and 'b'",
            id="an alias that is a slug",
        ),
        pytest.param([Tag("a", "A"), Tag("a", "Ah")], "two tags have the slug 'a'", id="one slug"),
        pytest.param([Tag("North Korea", "x")], "use 'north-korea'", id="text that is no slug"),
        pytest.param([Tag("love", "Love", aliases=("♥",))], "alias '♥' of tag 'love'", id="sign"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(tags: list[Tag], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Vocabulary(tags)


def test_an_alias_may_repeat_its_own_tag() -> None:
    tag = Tag("china", "China", aliases=("CHINA", "china", "prc", "PRC"))
    assert Vocabulary([tag]).resolve("prc") == tag
