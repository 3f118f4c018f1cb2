"""Editing a story: another revision, no mail, and nothing that the same document undoes."""

from dataclasses import replace

import pytest

from mailer.core.corrections import CorrectionKind
from mailer.core.stories import Story
from mailer.errors import InputError, NotFoundError
from mailer.flows.correct_story import Amendment, correct_story
from mailer.flows.edit_story import Edit, Edited, edit_story
from mailer.store.audit import list_changes
from mailer.store.stories import find_stories
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

TITLE = "Ferry sails again"


def now_of(newsroom: Newsroom) -> Story:
    with newsroom.database.read() as connection:
        return find_stories(connection, ["ferry"])[0]


def edit(newsroom: Newsroom, **changes: object) -> Edited:
    asked = replace(Edit(), **changes)  # type: ignore[arg-type]
    return edit_story(newsroom.database, "ferry", asked, actor="desk", now=NOON)


def test_other_words_are_a_revision_that_the_same_document_does_not_undo(
    newsroom: Newsroom,
) -> None:
    newsroom.publish("ferry", "china", topics=["trade"])
    was = now_of(newsroom)
    edited = edit(newsroom, title=TITLE, byline="By Ann Lee", url="https://news.example/f2")
    assert edited.changes == ("headline", "address", "byline")
    assert edited.mailed.is_nowhere
    wanted = replace(was, revision=2, title=TITLE, byline="Ann Lee", url="https://news.example/f2")
    assert edited.story == now_of(newsroom) == wanted
    assert edit(newsroom, title=TITLE).changes == ()
    assert newsroom.publish("ferry", "china", topics=["trade"]).unchanged_count == 1
    assert now_of(newsroom) == wanted
    assert newsroom.publish("ferry", "china", topics=["trade"], title="New").updated_count == 1
    assert (now_of(newsroom).title, now_of(newsroom).revision) == ("New", 3)
    with newsroom.database.read() as connection:
        changes = list_changes(connection, actor="desk")
    assert [(c.action, c.subject, c.detail) for c in changes] == [
        ("story edited", "story ferry", "headline, address, byline")
    ]


def test_words_go_back_to_what_the_document_brought(newsroom: Newsroom) -> None:
    newsroom.publish("ferry", "china")
    edit(newsroom, title=TITLE)
    assert edit(newsroom, title="Headline of ferry").story.revision == 3
    assert now_of(newsroom).title == "Headline of ferry"


def test_an_embargo_keeps_a_story_back_though_its_feed_comes_again(newsroom: Newsroom) -> None:
    newsroom.read_by("ada@r.example")
    newsroom.follow("ada@r.example", "china")
    newsroom.publish("ferry", "china")
    until = NOON + DAY - MINUTE
    edited = edit(newsroom, embargo_until=until.isoformat(), urgent=True)
    assert edited.changes == ("embargo", "urgent")
    assert (edited.story.embargo_until_at, edited.story.eligible_at) == (until, until)
    assert (edited.story.urgent, edited.story.revision) == (True, 1)
    assert newsroom.publish("ferry", "china").unchanged_count == 1
    newsroom.send(as_of=NOON + MINUTE)
    assert newsroom.given() == []
    newsroom.send(as_of=NOON + DAY + MINUTE)
    assert newsroom.given() == [("ada@r.example", "ferry")]


def test_a_document_that_says_another_embargo_counts(newsroom: Newsroom) -> None:
    newsroom.publish("ferry", "china")
    edit(newsroom, embargo_until=(NOON + DAY).isoformat(), urgent=True)
    edit(newsroom, embargo_until=(NOON + 2 * DAY).isoformat())
    newsroom.publish("ferry", "china", at=NOON)
    assert now_of(newsroom).embargo_until_at == NOON + 2 * DAY
    for embargo in (NOON + 3 * DAY, None):
        newsroom.publish("ferry", "china", at=NOON, embargo=embargo)
        assert (now_of(newsroom).embargo_until_at, now_of(newsroom).urgent) == (embargo, False)


def test_an_embargo_that_ends_lets_the_story_go_now(newsroom: Newsroom) -> None:
    newsroom.publish("ferry", "china", embargo=NOON + DAY)
    edited = edit(newsroom, embargo_until="")
    assert edited.changes == ("embargo",)
    assert (edited.story.embargo_until_at, edited.story.eligible_at) == (None, NOON)


def test_what_was_mailed_is_counted_and_only_its_words_can_change(newsroom: Newsroom) -> None:
    for name in ("ada", "bo"):
        newsroom.read_by(f"{name}@r.example")
        newsroom.follow(f"{name}@r.example", "china")
    newsroom.publish("ferry", "china")
    newsroom.send()
    for late in ({"urgent": True}, {"embargo_until": (NOON + DAY).isoformat()}):
        with pytest.raises(InputError, match="mails hold the story already"):
            edit(newsroom, title=TITLE, **late)
    assert now_of(newsroom).revision == 1
    edited = edit(newsroom, title=TITLE, urgent=False)
    assert (edited.mailed.reader_count, edited.mailed.waiting_count) == (2, 0)
    newsroom.send(as_of=NOON + DAY)
    assert len(newsroom.given()) == 2
    told = correct_story(
        newsroom.desk, "ferry", Amendment(CorrectionKind.CORRECTION, "It sails"), now=NOON
    )
    assert told.pursued.told_count == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": " "}, "title"),
        ({"url": "javascript:1"}, "url"),
        ({"embargo_until": "soon"}, "embargo_until"),
        ({"revision": 4, "title": TITLE}, "somebody changed the story meanwhile"),
    ],
    ids=str,
)
def test_what_is_no_edit_changes_nothing(
    newsroom: Newsroom, changes: dict[str, object], why: str
) -> None:
    newsroom.publish("ferry", "china")
    was = now_of(newsroom)
    with pytest.raises(InputError, match=why):
        edit(newsroom, **changes)
    assert now_of(newsroom) == was


def test_a_story_that_is_out_or_unknown_is_not_edited(newsroom: Newsroom) -> None:
    with pytest.raises(NotFoundError):
        edit(newsroom, title=TITLE)
    newsroom.publish("ferry", "china")
    correct_story(newsroom.desk, "ferry", Amendment(CorrectionKind.RETRACTION, "No"), now=NOON)
    with pytest.raises(InputError, match="was retracted"):
        edit(newsroom, title=TITLE)
