"""A reader's follows and mutes, parsed within what the newsletter offers."""

from dataclasses import replace

import pytest

from mailer.core.expressions import And, TagTerm, canonical, parse
from mailer.core.preferences import ParsedMute, PreferenceParser, Preferences
from mailer.core.tags import Tag, Vocabulary
from mailer.errors import ExpressionError
from tests.builders import VOCABULARY, at, follower


def read(*follows: str, mutes: tuple[str, ...] = (), base: str = "*") -> Preferences:
    return PreferenceParser(VOCABULARY, base).read(follower(*follows, mutes=mutes))


def test_wishes_keep_her_order_her_words_and_her_cursors() -> None:
    asking = follower("trade & PRC", "!sport")
    trade, others = asking.follows
    asking = replace(asking, follows=(trade, replace(others, cursor_at=at(-3))))
    wishes = PreferenceParser(VOCABULARY, "*").read(asking).wishes
    assert [(wish.follow_id, wish.cursor_at) for wish in wishes] == [
        (1, trade.cursor_at),
        (2, at(-3)),
    ]
    assert [wish.words for wish in wishes] == ["trade AND china", "NOT sport"]
    assert [wish.canonical for wish in wishes] == ["china & trade", "!sport"]


@pytest.mark.parametrize(
    ("base", "matched"),
    [
        pytest.param("*", "china", id="everything"),
        pytest.param("", "china", id="nothing said is everything"),
        pytest.param("trade", "china & trade", id="a tag"),
        pytest.param("trade | japan", "china & (japan | trade)", id="a choice"),
        pytest.param("china", "china", id="the same"),
        pytest.param("!china", "!*", id="the opposite"),
    ],
)
def test_a_follow_matches_within_the_newsletters_base(base: str, matched: str) -> None:
    (wish,) = read("china", base=base).wishes
    assert canonical(wish.expression) == matched
    assert wish.canonical == "china"
    assert wish.words == "china"


def test_mutes_stand_alone() -> None:
    assert read(mutes=("sport | PRC",), base="trade").mutes == (
        ParsedMute(parse("china | sport", VOCABULARY), "china | sport"),
    )


def test_a_follow_of_a_tag_that_is_gone_is_reported_and_harms_no_other() -> None:
    preferences = read("gone", "china", "japan & gone")
    assert [wish.canonical for wish in preferences.wishes] == ["china"]
    assert preferences.dead_follow_ids == (1, 3)


def test_a_tag_that_got_an_alias_or_came_back_is_followed_again() -> None:
    renamed = Vocabulary([Tag("dprk", "DPRK", aliases=("north-korea",))])
    asking = follower("north-korea")
    assert PreferenceParser(Vocabulary([]), "*").read(asking).dead_follow_ids == (1,)
    (wish,) = PreferenceParser(renamed, "*").read(asking).wishes
    assert wish.canonical == "dprk"


def test_a_mute_that_cannot_be_read_leaves_the_others() -> None:
    assert [mute.canonical for mute in read(mutes=("gone", "sport")).mutes] == ["sport"]


def test_a_base_that_cannot_be_read_is_an_error_for_the_operator() -> None:
    with pytest.raises(ExpressionError):
        PreferenceParser(VOCABULARY, "gone")


def test_readers_with_the_same_words_share_one_parsed_expression() -> None:
    parser = PreferenceParser(VOCABULARY, "asia")
    one, other = (parser.read(follower("china & trade", number=n)).wishes[0] for n in (1, 2))
    assert one.expression is other.expression
    assert one.expression == And((TagTerm("asia"), TagTerm("china"), TagTerm("trade")))


def test_the_same_words_as_follow_and_mute_are_both_heard() -> None:
    both = PreferenceParser(VOCABULARY, "trade").read(follower("china", mutes=("china",)))
    assert canonical(both.wishes[0].expression) == "china & trade"
    assert canonical(both.mutes[0].expression) == "china"


def test_a_reader_who_asks_for_nothing_has_no_preferences() -> None:
    assert read() == Preferences((), ())
