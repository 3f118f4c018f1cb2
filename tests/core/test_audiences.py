"""Whom a letter to an expression is for."""

import pytest

from mailer.core.audiences import Audience
from mailer.core.readers import (
    Cadence,
    Follow,
    Follower,
    MailFormat,
    Mute,
    Reader,
    ReaderState,
)
from mailer.core.tags import Tag, Vocabulary
from mailer.errors import ExpressionError
from tests.builders import NOON

VOCABULARY = Vocabulary(
    (
        Tag("asia", "Asia"),
        Tag("china", "China", parent="asia"),
        Tag("japan", "Japan", parent="asia"),
        Tag("sport", "Sport"),
        Tag("trade", "Trade"),
    )
)


def follower(*follows: str, mutes: tuple[str, ...] = ()) -> Follower:
    reader = Reader(
        1, "a@b.example", "a@b.example", "", ReaderState.CONFIRMED, "en", "UTC", None,
        MailFormat.HTML,
    )  # fmt: skip
    return Follower(
        reader,
        1,
        tuple(Follow(n, text, Cadence.DAILY, NOON) for n, text in enumerate(follows)),
        tuple(Mute(n, text) for n, text in enumerate(mutes)),
    )


@pytest.mark.parametrize(
    ("expression", "follows", "mutes", "is_meant"),
    [
        pytest.param("*", ["china"], [], True, id="everybody"),
        pytest.param("china", ["china"], [], True, id="the tag itself"),
        pytest.param("china", ["asia"], [], True, id="a tag above brings its stories"),
        pytest.param("asia", ["china"], [], True, id="a tag below is of it"),
        pytest.param("japan", ["china"], [], False, id="a tag beside it"),
        pytest.param("china", ["*"], [], True, id="who follows everything"),
        pytest.param("china", ["china & trade"], [], True, id="a part of what she asks for"),
        pytest.param("japan", ["asia & !japan"], [], False, id="what she has taken out"),
        pytest.param("asia", ["asia & !japan"], [], True, id="what is left of it"),
        pytest.param("china", ["!sport"], [], True, id="all but something"),
        pytest.param("sport", ["!sport"], [], False, id="that something"),
        pytest.param("china", ["(china & !trade) | trade"], [], True, id="asked for and refused"),
        pytest.param("trade", ["(china & !trade) | trade"], [], True, id="both ways"),
        pytest.param("china & !sport", ["china", "sport"], [], False, id="another follow of hers"),
        pytest.param("china & trade", ["china", "trade"], [], True, id="two follows"),
        pytest.param("china | trade", ["trade"], [], True, id="either"),
        pytest.param("china", ["china"], ["china"], False, id="muted"),
        pytest.param("china", ["china"], ["china & trade"], True, id="muted in part"),
        pytest.param("asia", ["asia"], ["china"], True, id="muted one of several"),
        pytest.param("china", ["atlantis"], ["also gone"], False, id="a follow that is dead"),
    ],
)
def test_a_letter_is_for_those_who_get_such_stories(
    expression: str, follows: list[str], mutes: list[str], is_meant: bool
) -> None:
    audience = Audience(expression, VOCABULARY)
    for _ in range(2):
        assert audience.has(follower(*follows, mutes=tuple(mutes))) is is_meant


def test_an_expression_that_means_nothing_is_refused() -> None:
    with pytest.raises(ExpressionError):
        Audience("atlantis", VOCABULARY)
