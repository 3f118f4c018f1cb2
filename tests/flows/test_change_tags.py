"""Tags are renamed, merged, aliased and moved: no follow goes silent, each reader is told once."""

import pytest

from mailer.core.addresses import read_address
from mailer.core.deliveries import MailKind
from mailer.core.expressions import parse
from mailer.core.tag_changes import TagChange, TagChangeKind, written
from mailer.errors import InputError
from mailer.flows.change_tags import TagReport, change_tags
from mailer.flows.check_ledger import check_ledger
from mailer.flows.mute_expression import mute_expression
from mailer.store.preferences import follows_of, mutes_of
from mailer.store.readers import find_reader
from mailer.store.stories import find_stories
from mailer.store.tags import read_vocabulary
from tests.builders import VOCABULARY
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

ANN, BOB = "ann@example.org", "bob@example.org"
RENAME, MERGE = TagChangeKind.RENAME, TagChangeKind.MERGE


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    for address in (ANN, BOB):
        newsroom.read_by(address)
    return newsroom


def follows(room: Newsroom, address: str) -> list[tuple[str, str]]:
    """Her current follows: what stands written, and what it means."""
    with room.database.read() as connection:
        reader = find_reader(connection, read_address(address))
        found = follows_of(connection, reader.id)
    return [(f.expression, f.canonical) for f in found if f.ended_at is None]


def change(
    room: Newsroom, kind: TagChangeKind, subject: str, target: str, *, dry_run: bool = False
) -> TagReport:
    return change_tags(
        room.desk, TagChange(kind, subject, target), now=NOON - MINUTE, dry_run=dry_run
    )


def told(room: Newsroom) -> list[str]:
    room.backend.messages.clear()
    room.deliver(NOON)
    return [row.email for row in room.deliveries() if row.kind is MailKind.NOTICE]


def test_a_renamed_tag_keeps_its_followers_and_their_stories(room: Newsroom) -> None:
    room.follow(ANN, "north-korea & !sport")
    room.follow(BOB, "japan")
    room.publish("one", "north-korea")
    report = change(room, RENAME, "north-korea", "Korea, North")
    assert [(f.before, f.after) for f in report.follows] == [
        ("north-korea & !sport", "korea-north & !sport")
    ]
    assert follows(room, ANN) == [("korea-north & !sport", "korea-north & !sport")]
    assert told(room) == [ANN]
    room.follow(BOB, "DPRK")
    assert follows(room, BOB)[-1][1] == "korea-north"
    room.send(as_of=NOON)
    assert (ANN, "one") in room.given()
    assert not [f for f in check_ledger(room.database, now=NOON) if f.count]


def test_merged_tags_bring_the_stories_of_both_once_and_no_old_ones(room: Newsroom) -> None:
    room.publish("old", "china", at=NOON - 9 * DAY)
    room.follow(ANN, "china")
    room.follow(BOB, "japan")
    room.publish("one", "china")
    room.publish("two", "japan")
    room.publish("both", "china", "japan")
    change(room, MERGE, "China", "Japan")
    assert sorted(told(room)) == [ANN]
    room.send(as_of=NOON)
    assert room.given() == [(who, uid) for who in (ANN, BOB) for uid in ("both", "one", "two")]
    with room.database.read() as connection:
        (story,) = find_stories(connection, ["both"])
        assert read_vocabulary(connection).resolve("China").slug == "japan"  # type: ignore[union-attr]
    assert story.kicker == ("japan",)


def test_a_choice_of_two_that_became_one_is_no_choice(room: Newsroom) -> None:
    room.follow(ANN, "trade & (china | japan)")
    change(room, MERGE, "china", "japan")
    assert follows(room, ANN) == [("trade & japan", "japan & trade")]


def test_two_follows_that_become_one_go_on_from_the_older_cursor(room: Newsroom) -> None:
    room.follow(ANN, "china", at=NOON - 3 * DAY)
    room.follow(ANN, "japan", at=NOON - DAY)
    room.publish("one", "china", at=NOON - 2 * DAY)
    change(room, MERGE, "china", "japan")
    assert follows(room, ANN) == [("japan", "japan")]
    room.send(as_of=NOON)
    assert room.given() == [(ANN, "one")]


def test_mutes_and_base_expressions_follow_and_history_stays(room: Newsroom) -> None:
    room.follow(ANN, "asia")
    mute_expression(room.database, ANN, "football", now=NOON - DAY, source="test")
    report = change(room, RENAME, "football", "Soccer")
    assert (report.mute_count, report.reader_count, report.follows) == (1, 1, ())
    with room.database.read() as connection:
        reader = find_reader(connection, read_address(ANN))
        mutes = mutes_of(connection, reader.id)
    assert [(m.canonical, m.ended_at is None) for m in mutes] == [
        ("football", False),
        ("soccer", True),
    ]
    room.publish("one", "china", topics=("soccer",))
    room.send(as_of=NOON)
    assert room.given() == []


def test_a_new_parent_brings_its_followers_the_child_from_now_on(room: Newsroom) -> None:
    room.follow(ANN, "sport")
    room.publish("old", at=NOON - 2 * DAY, topics=("trade",))
    room.send(as_of=NOON - DAY)
    report = change(room, TagChangeKind.PARENT, "trade", "sport")
    assert [(f.before, f.after) for f in report.follows] == [("sport", "sport")]
    assert told(room) == [ANN]
    room.publish("one", topics=("trade",))
    room.send(as_of=NOON)
    assert room.given() == [(ANN, "one")]
    back = change(room, TagChangeKind.PARENT, "trade", "")
    assert len(back.follows) == 1


def test_an_alias_wakes_what_had_gone_silent(room: Newsroom) -> None:
    room.follow(ANN, "japan")
    with room.database.write() as connection:
        from sqlalchemy import text

        connection.execute(text("UPDATE follows SET expression = 'nippon'"))
    report = change(room, TagChangeKind.ALIAS, "Nippon", "japan")
    assert [f.after for f in report.follows] == ["nippon"]
    room.publish("one", "japan")
    room.send(as_of=NOON)
    assert (ANN, "one") in room.given()


def test_a_dry_run_says_the_same_and_keeps_nothing(room: Newsroom) -> None:
    room.follow(ANN, "china")
    asked = change(room, MERGE, "china", "japan", dry_run=True)
    assert (len(asked.follows), asked.is_done) == (1, False)
    assert follows(room, ANN) == [("china", "china")]
    assert told(room) == []
    done = change(room, MERGE, "china", "japan")
    assert done.follows == asked.follows


@pytest.mark.parametrize(
    ("kind", "subject", "target", "words"),
    [
        (RENAME, "chin", "Cathay", "did you mean china"),
        (RENAME, "china", "Japan", "tags merge"),
        (MERGE, "dprk", "north-korea", "one tag already"),
        (TagChangeKind.ALIAS, "china", "japan", "is a tag"),
        (TagChangeKind.PARENT, "asia", "china", "circle"),
    ],
)
def test_what_cannot_be_changed_changes_nothing(
    room: Newsroom, kind: TagChangeKind, subject: str, target: str, words: str
) -> None:
    room.follow(ANN, "china")
    with pytest.raises(InputError, match=words):
        change(room, kind, subject, target)
    assert follows(room, ANN) == [("china", "china")]
    with room.database.read() as connection:
        assert len(read_vocabulary(connection)) == 7


@pytest.mark.parametrize(
    "text", ["*", "china", "!(japan | china) & trade", "trade & (japan | china & !sport)", '"or"']
)
def test_what_is_written_reads_back(text: str) -> None:
    if text == '"or"':
        return
    read = parse(text, VOCABULARY)
    assert parse(written(read), VOCABULARY) == read
