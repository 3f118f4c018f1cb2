"""Why she got it, or did not."""

import pytest

from mailer.core.readers import Cadence, ReaderState
from mailer.errors import NotFoundError
from mailer.flows.explain_story import Verdict, explain_story
from mailer.flows.mute_expression import mute_expression
from mailer.flows.start_following import start_following
from tests.flows.conftest import DAY, NOON, Newsroom

MINA = "mina@reader.example"


def explain(newsroom: Newsroom, uid: str = "one", email: str = MINA) -> tuple[Verdict, str]:
    told = explain_story(newsroom.database, email, uid, as_of=NOON)
    return told.verdict, told.text


def test_a_match_is_due_with_the_next_issue(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china & north-korea")
    newsroom.publish("one", "China", "North Korea")

    verdict, text = explain(newsroom)

    assert verdict is Verdict.DUE
    assert "china AND north-korea" in text
    assert "asia daily digest" in text


def test_a_missing_tag_is_named(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china & north-korea")
    newsroom.publish("one", "China")

    verdict, text = explain(newsroom)

    assert verdict is Verdict.NO_MATCH
    assert "the story has no north-korea" in text


def test_an_excluded_tag_is_named_with_its_not(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china & !sport")
    newsroom.publish("one", "China", topics=["football"])

    verdict, text = explain(newsroom)

    assert verdict is Verdict.NO_MATCH
    assert "the story has sport, which is excluded" in text


def test_a_mute_is_named(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    mute_expression(newsroom.database, MINA, "football", now=NOON, source="test")
    newsroom.publish("one", "China", topics=["football"])

    verdict, text = explain(newsroom)

    assert verdict is Verdict.MUTED
    assert "football" in text


def test_a_sent_story_is_sent_whatever_changed_since(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    newsroom.send()
    mute_expression(newsroom.database, MINA, "china", now=NOON, source="test")

    verdict, text = explain(newsroom)

    assert verdict is Verdict.SENT
    assert "delivery" in text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"state": ReaderState.PENDING}, Verdict.NOT_CONFIRMED),
        ({"paused_until_at": NOON + DAY}, Verdict.PAUSED),
    ],
    ids=["pending", "paused"],
)
def test_a_reader_who_gets_nothing_is_told_why(
    newsroom: Newsroom, changes: dict[str, object], verdict: Verdict
) -> None:
    newsroom.read_by(MINA, **changes)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")

    assert explain(newsroom)[0] is verdict


def test_a_story_from_before_the_follow_is_told_so(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.publish("one", "China", at=NOON - 20 * DAY)
    start_following(
        newsroom.database, MINA, "asia", "china", Cadence.INSTANT, now=NOON, source="test"
    )

    assert explain(newsroom)[0] is Verdict.BEFORE_FOLLOW


def test_no_follow_at_all_is_told_so(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.publish("one", "China")

    assert explain(newsroom)[0] is Verdict.NO_FOLLOW


def test_unknown_readers_and_stories_are_errors(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    with pytest.raises(NotFoundError, match="no story 'nothing'"):
        explain(newsroom, uid="nothing")
    with pytest.raises(NotFoundError, match="no reader"):
        explain(newsroom, email="nobody@reader.example")
