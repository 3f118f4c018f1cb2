"""I1 and I2 through the flows: every story once, and none lost."""

from datetime import timedelta

import pytest

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.errors import InputError
from mailer.flows.draft_plan import draft_plan
from mailer.flows.ingest_document import ingest_document
from mailer.flows.mute_expression import mute_expression
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.start_following import start_following
from mailer.flows.stop_following import stop_following
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

MINA = "mina@reader.example"


def test_a_story_that_two_follows_want_is_sent_once_with_both_reasons(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china & north-korea")
    newsroom.follow(MINA, "asia")
    newsroom.publish("one", "China", "North Korea")

    run = newsroom.send()

    assert newsroom.given() == [(MINA, "one")]
    assert run.counts == {DeliveryState.ACCEPTED: 1}
    [row] = newsroom.deliveries()
    assert len(row.items[0].follow_ids) == 2
    [message] = newsroom.backend.messages
    assert b"Headline of one" in message.content


def test_the_same_slot_again_sends_nothing(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")

    first, second = newsroom.send(), newsroom.send()

    assert first.id == second.id
    assert len(newsroom.backend.messages) == 1


def test_a_later_slot_sends_only_what_is_new(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    newsroom.send()
    newsroom.publish("two", "China", at=NOON + MINUTE)

    newsroom.send(as_of=NOON + DAY)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]


def test_an_alert_is_not_repeated_by_the_digest(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "instant", at=NOON - DAY)
    newsroom.follow(MINA, "asia", "daily")
    newsroom.publish("one", "China")
    newsroom.publish("two", "Japan")

    newsroom.send("instant", as_of=NOON)
    newsroom.send("daily", as_of=NOON + MINUTE)

    assert newsroom.given() == [(MINA, "one"), (MINA, "two")]


def test_a_corrected_story_is_not_sent_again(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")
    newsroom.send()

    report = newsroom.publish("one", "China", title="A better headline", at=NOON + MINUTE)
    newsroom.send(as_of=NOON + DAY)

    assert report.updated_count == 1
    assert report.stories[0].revision == 2
    assert newsroom.given() == [(MINA, "one")]


def test_a_changed_cadence_neither_repeats_nor_loses_a_story(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china", "weekly", at=NOON - 9 * DAY)
    newsroom.publish("monday", "China", at=NOON - 2 * DAY)
    newsroom.follow(MINA, "china", "daily", at=NOON - DAY)
    newsroom.publish("tuesday", "China")

    newsroom.send("daily")
    newsroom.send("weekly", as_of=NOON + MINUTE)

    assert newsroom.given() == [(MINA, "monday"), (MINA, "tuesday")]


def test_a_tag_added_later_brings_the_story_to_its_new_readers_only(newsroom: Newsroom) -> None:
    other = "other@reader.example"
    newsroom.read_by(MINA)
    newsroom.read_by(other)
    newsroom.follow(MINA, "trade")
    newsroom.follow(other, "china")
    newsroom.publish("one", "China")
    newsroom.send()
    assert newsroom.given() == [(other, "one")]

    draft = StoryDraft(
        uid="one",
        title="Headline of one",
        url="https://news.example/one",
        summary="What one is about.",
        kicker=("China",),
        topics=("trade",),
    )
    ingest_document(newsroom.database, ParsedDocument("jsonl", (draft,)), now=NOON + MINUTE)
    newsroom.send(as_of=NOON + DAY)
    newsroom.send(as_of=NOON + 2 * DAY)

    assert newsroom.given() == [(MINA, "one"), (other, "one")]


def test_a_story_recorded_behind_a_run_comes_with_the_next(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.send(as_of=NOON)

    newsroom.publish("late", "China", at=NOON - timedelta(hours=3))
    newsroom.send(as_of=NOON + DAY)

    assert newsroom.given() == [(MINA, "late")]


def test_an_embargoed_story_waits_for_its_end(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    newsroom.publish("secret", "China", embargo=NOON + timedelta(hours=6))

    newsroom.send(as_of=NOON)
    assert newsroom.given() == []
    newsroom.send(as_of=NOON + DAY)

    assert newsroom.given() == [(MINA, "secret")]


def test_a_pause_keeps_the_stories_for_later(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA, paused_until_at=NOON + timedelta(hours=5))
    newsroom.follow(MINA, "china")
    newsroom.publish("one", "China")

    newsroom.send(as_of=NOON)
    assert newsroom.given() == []
    newsroom.send(as_of=NOON + DAY)

    assert newsroom.given() == [(MINA, "one")]


def test_muted_stories_are_left_out_with_the_reason_on_record(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china")
    mute_expression(newsroom.database, MINA, "sport", now=NOON - DAY, source="test")
    newsroom.publish("match", "China", topics=["football"])

    plan = draft_plan(newsroom.desk, "asia", Cadence.DAILY, as_of=NOON)
    run = newsroom.send()

    assert run.planned_count == 0
    assert run.nothing_new_count == 1
    assert run.state is RunState.DONE
    [omission] = plan.silent[0].composition.omissions
    assert (omission.uid, omission.why, omission.detail) == ("match", "muted", "sport")


def test_an_ended_follow_brings_nothing(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    newsroom.follow(MINA, "china & north-korea")
    newsroom.publish("one", "China", "North Korea")

    stop_following(newsroom.database, MINA, "asia", "DPRK and China", now=NOON - MINUTE)
    newsroom.send()

    assert newsroom.given() == []


def test_the_plan_of_a_dry_run_is_the_plan_of_the_run(newsroom: Newsroom) -> None:
    for number in range(7):
        newsroom.read_by(f"reader{number}@reader.example")
        newsroom.follow(f"reader{number}@reader.example", ["china", "japan", "asia"][number % 3])
    newsroom.publish("one", "China")
    newsroom.publish("two", "Japan", "China")

    drafted = draft_plan(newsroom.desk, "asia", Cadence.DAILY, as_of=NOON, batch=2)
    again = draft_plan(newsroom.desk, "asia", Cadence.DAILY, as_of=NOON)
    run = newsroom.send(shard_readers=3)

    assert drafted.plan_hash == again.plan_hash == run.plan_hash
    assert run.shard_count == 3
    assert run.planned_count == len(drafted.mails) == 7
    assert drafted.distinct_count == 2


def test_planning_goes_on_where_it_stopped(newsroom: Newsroom) -> None:
    for number in range(5):
        newsroom.read_by(f"reader{number}@reader.example")
        newsroom.follow(f"reader{number}@reader.example", "china")
    newsroom.publish("one", "China")
    opened = open_run(
        newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON, shard_readers=2
    )

    assert plan_run(newsroom.desk, opened.run_id, now=NOON) == 3
    assert plan_run(newsroom.desk, opened.run_id, now=NOON) == 0
    assert newsroom.run(opened.run_id).counts == {DeliveryState.QUEUED: 5}


def test_nothing_is_sent_before_its_time(newsroom: Newsroom) -> None:
    with pytest.raises(InputError, match="is in the future"):
        open_run(newsroom.database, "asia", Cadence.DAILY, as_of=NOON + DAY, now=NOON)


def test_a_follow_of_the_same_meaning_is_the_same_follow(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA)
    first = start_following(
        newsroom.database, MINA, "asia", "china & dprk", Cadence.DAILY, now=NOON, source="test"
    )
    second = start_following(
        newsroom.database,
        MINA,
        "asia",
        "(North Korea) AND china AND china",
        Cadence.DAILY,
        now=NOON,
        source="test",
    )

    assert (first.change, second.change) == ("added", "unchanged")
    assert first.follow_id == second.follow_id
