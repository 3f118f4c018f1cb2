"""What readers follow, said with labels."""

import pytest

from mailer.core.digests import Reason
from mailer.core.expressions import canonical, in_words, parse
from mailer.render.speech import speech_of
from mailer.render.wire import wire_length
from mailer.render.wording import HEADING_WEIGHT, REASON_WEIGHT, Wording
from tests.render.newsroom import VOCABULARY, a_reason, a_section, a_story

WORDING = Wording(VOCABULARY, speech_of("en"))


@pytest.mark.parametrize(
    ("expression", "heading"),
    [
        ("*", "All stories"),
        ("china", "China"),
        ("north-korea & china", "North Korea and China"),
        ("china & north-korea & trade", "China, North Korea and Trade"),
        ("japan | taiwan", "Japan or 台湾"),
        ("japan, taiwan, trade", "Japan, 台湾 or Trade"),
        ("(japan | south-korea) & (trade | sport)", "Japan or South Korea — Trade or Sport"),
        ("(japan | taiwan) & trade", "Japan or 台湾 — Trade"),
        ("asia & !sport", "Asia, without Sport"),
        ("asia & !sport & !trade", "Asia, without Sport or Trade"),
        ("asia & !(sport | trade)", "Asia, without Sport or Trade"),
        ("!sport", "All stories, without Sport"),
        ("!sport & !trade", "All stories, without Sport or Trade"),
        ("china & trade | japan", "China and Trade, or Japan"),
        ("(china | japan & trade) & sport", "(China OR (Japan AND Trade)) AND Sport"),
        ("r-and-d", "R&D <labs>"),
    ],
)
def test_a_heading_names_what_the_section_is_about(expression: str, heading: str) -> None:
    assert WORDING.heading(a_section(a_story(1), expression=expression)) == heading


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("*", "You follow everything"),
        ("north-korea & china", "You follow North Korea AND China"),
        ("asia & !(sport | trade)", "You follow Asia AND NOT (Sport OR Trade)"),
    ],
)
def test_a_reason_keeps_her_order(expression: str, words: str) -> None:
    assert WORDING.reason([a_reason(expression)]) == words


def test_a_follow_of_a_tag_that_is_gone_is_told_as_she_wrote_it() -> None:
    gone = Reason(31, "atlantis & china", "atlantis AND china")
    assert WORDING.reason([gone]) == "You follow atlantis AND china"


def test_words_that_mean_something_else_are_not_believed() -> None:
    assert WORDING.reason([Reason(31, "china", "japan")]) == "You follow China"


def test_long_words_are_cut_to_their_weight() -> None:
    written = parse("|".join(tag.slug for tag in VOCABULARY) + "|" + "taiwan" * 1, VOCABULARY)
    long = Reason(31, canonical(written), in_words(written))
    for reasons in ([long], [long, long], [long] * 12):
        assert wire_length(WORDING.reason(reasons)) <= REASON_WEIGHT
    gone = Reason(31, "界" * 500, "界" * 500)
    assert wire_length(WORDING.reason([gone])) <= REASON_WEIGHT
    section = a_section(a_story(1), expression="|".join(tag.slug for tag in VOCABULARY))
    assert wire_length(WORDING.heading(section)) <= HEADING_WEIGHT


def test_a_kicker_shows_labels_in_printed_order() -> None:
    story = a_story(1, kicker=("north-korea", "china", "gone-tag"))
    assert WORDING.kicker(story) == "North Korea – China – gone-tag"
