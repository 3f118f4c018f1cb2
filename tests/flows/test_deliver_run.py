"""Delivery: what each outcome does to the ledger, and consent at the last moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from mailer.core.addresses import read_address
from mailer.core.bounce_addresses import bounced_delivery
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.recipients import read_allowed_recipients
from mailer.core.runs import RunState
from mailer.delivery.memory import MemoryBackend
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import preview_mail, rebuild_mail
from mailer.flows.recover import recover
from mailer.ports import (
    Accepted,
    Deferred,
    InDoubt,
    Message,
    Misconfigured,
    Outcome,
    Refused,
)
from mailer.store.ledger_lease import claim, mark
from mailer.store.readers import is_suppressed, suppress
from mailer.store.tables import metadata
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

MINA = "mina@reader.example"


def planned(newsroom: Newsroom, *emails: str) -> int:
    """Plan a run with one story for each of these readers."""
    for email in emails:
        newsroom.read_by(email)
        newsroom.follow(email, "china")
    newsroom.publish("one", "China")
    run_id = open_run(newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(newsroom.desk, run_id, now=NOON)
    return run_id


def answering(outcome: Outcome) -> MemoryBackend:
    return MemoryBackend(answers=lambda message: outcome)


@pytest.mark.parametrize(
    ("outcome", "state", "run_state"),
    [
        (Accepted(250, "2.0.0 ok"), DeliveryState.ACCEPTED, RunState.DONE),
        (Refused(550, "5.1.1 no such user", suppress=True), DeliveryState.REFUSED, RunState.DONE),
        (Deferred(451, "4.7.1 greylisted"), DeliveryState.QUEUED, RunState.SENDING),
        (Misconfigured(535, "5.7.8 bad password"), DeliveryState.QUEUED, RunState.PAUSED),
        (InDoubt("the connection was lost"), DeliveryState.IN_DOUBT, RunState.DONE),
    ],
    ids=["accepted", "refused", "deferred", "misconfigured", "in doubt"],
)
def test_an_outcome_moves_the_delivery_to_its_state(
    newsroom: Newsroom, outcome: Outcome, state: DeliveryState, run_state: RunState
) -> None:
    run_id = planned(newsroom, MINA)

    newsroom.deliver(NOON, answering(outcome))

    [row] = newsroom.deliveries()
    run = newsroom.run(run_id)
    assert row.state is state
    assert run.state is run_state
    assert run.planned_count == sum(run.counts.values()) == 1


def test_a_deferred_mail_is_tried_again_later_with_the_same_bytes(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)
    newsroom.deliver(NOON, answering(Deferred(451, "4.2.1 try later")))
    [row] = newsroom.deliveries()
    assert row.attempt_count == 1
    assert NOON + 3 * MINUTE < row.not_before_at < NOON + 7 * MINUTE
    before = rebuild_mail(newsroom.desk, row.id).content

    newsroom.deliver(NOON + MINUTE)
    assert newsroom.backend.messages == []
    newsroom.deliver(row.not_before_at)

    [message] = newsroom.backend.messages
    assert message.content == before
    assert message.message_id == row.message_id


def test_an_unjudged_mail_costs_no_attempt(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)

    newsroom.deliver(NOON, answering(Deferred(421, "shutting down", counts=False)))

    [row] = newsroom.deliveries()
    assert (row.state, row.attempt_count) == (DeliveryState.QUEUED, 0)


def test_a_bad_address_is_suppressed_and_its_story_not_given(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)

    newsroom.deliver(NOON, answering(Refused(550, "5.1.1 unknown user", suppress=True)))

    with newsroom.database.read() as connection:
        assert is_suppressed(connection, read_address(MINA))
    [row] = newsroom.deliveries()
    assert [item.given for item in row.items] == [False]


def test_our_own_fault_halts_the_run_and_touches_no_address(newsroom: Newsroom) -> None:
    run_id = planned(newsroom, MINA, "other@reader.example", "third@reader.example")

    done = newsroom.deliver(NOON, answering(Misconfigured(535, "5.7.8 bad password")))

    run = newsroom.run(run_id)
    assert "bad password" in done.halted
    assert "bad password" in run.state_reason
    assert run.counts == {DeliveryState.QUEUED: 3}
    with newsroom.database.read() as connection:
        assert not is_suppressed(connection, read_address(MINA))


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE subscriptions SET ended_at = started_at", "unsubscribed"),
        ("UPDATE readers SET state = 'pending'", "not confirmed"),
        ("UPDATE readers SET email_key = 'new@reader.example'", "address changed"),
    ],
)
def test_consent_lost_after_planning_wins(newsroom: Newsroom, statement: str, reason: str) -> None:
    planned(newsroom, MINA)
    with newsroom.database.write() as connection:
        connection.execute(text(statement))

    done = newsroom.deliver(NOON)

    assert newsroom.backend.messages == []
    assert done.counts == {DeliveryState.WITHHELD: 1}
    [row] = newsroom.deliveries()
    assert (row.state, row.state_reason) == (DeliveryState.WITHHELD, reason)


def test_a_suppression_after_planning_wins(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)
    with newsroom.database.write() as connection:
        suppress(connection, read_address(MINA).key, "complaint", "", NOON)

    newsroom.deliver(NOON)

    assert newsroom.backend.messages == []


def test_a_mail_that_cannot_be_built_harms_no_other(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(newsroom, MINA, "other@reader.example")
    with newsroom.database.write() as connection:
        connection.execute(
            text("UPDATE deliveries SET email = 'not an address' WHERE email = :email"),
            {"email": MINA},
        )

    newsroom.deliver(NOON)

    states = {row.email: row.state for row in newsroom.deliveries()}
    assert states["not an address"] is DeliveryState.HELD
    assert states["other@reader.example"] is DeliveryState.ACCEPTED


class _BreaksHalfWay(MemoryBackend):
    def send(self, messages):  # type: ignore[no-untyped-def]
        yield from super().send(messages[:1])
        raise RuntimeError("out of paper")


def test_what_a_broken_backend_leaves_unanswered_is_in_doubt(newsroom: Newsroom) -> None:
    planned(newsroom, MINA, "other@reader.example")

    newsroom.deliver(NOON, _BreaksHalfWay())

    states = sorted(row.state for row in newsroom.deliveries())
    assert states == [DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT]


@pytest.mark.parametrize("when", ["claimed", "marked"])
def test_a_dead_worker_before_the_mark_loses_nothing_and_after_it_leaves_a_doubt(
    newsroom: Newsroom, when: str
) -> None:
    planned(newsroom, MINA)
    with newsroom.database.write() as connection:
        token, [leased] = claim(connection, limit=10, now=NOON)
    if when == "marked":
        with newsroom.database.write() as connection:
            assert mark(connection, [leased.id], token, NOON) == [leased.id]
    later = NOON + timedelta(seconds=61)

    recovered = recover(newsroom.database, now=later)
    newsroom.deliver(later)

    [row] = newsroom.deliveries()
    if when == "claimed":
        assert recovered.released_count == 1
        assert row.state is DeliveryState.ACCEPTED
    else:
        assert recovered.in_doubt_count == 1
        assert (row.state, newsroom.backend.messages) == (DeliveryState.IN_DOUBT, [])


def test_a_mail_past_its_time_expires_unsent(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)

    newsroom.deliver(NOON + 2 * DAY)

    [row] = newsroom.deliveries()
    assert (row.state, newsroom.backend.messages) == (DeliveryState.EXPIRED, [])


def row_counts(newsroom: Newsroom) -> dict[str, int]:
    with newsroom.database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_the_preview_has_the_bytes_of_the_mail(newsroom: Newsroom) -> None:
    newsroom.read_by(MINA, name="Mina Park", timezone="Asia/Seoul")
    newsroom.follow(MINA, "china & north-korea")
    newsroom.follow(MINA, "trade | japan")
    newsroom.publish("one", "China", "North Korea", topics=["trade"])
    newsroom.publish("two", "Japan")

    before = row_counts(newsroom)
    shown, _ = preview_mail(newsroom.desk, "asia", Cadence.DAILY, reader_email=MINA, as_of=NOON)
    assert row_counts(newsroom) == before
    newsroom.send()

    [message] = newsroom.backend.messages
    assert shown is not None
    assert shown.content == message.content


def test_each_message_goes_to_its_own_reader(newsroom: Newsroom) -> None:
    emails = [f"reader{number}@reader.example" for number in range(40)]
    planned(newsroom, *emails)

    newsroom.deliver(NOON)

    def recipient(message: Message) -> str:
        return message.recipient

    assert sorted(map(recipient, newsroom.backend.messages)) == sorted(emails)
    assert all(m.recipient.encode() in m.content for m in newsroom.backend.messages)


def test_a_bounce_address_makes_the_envelope_name_its_delivery(newsroom: Newsroom) -> None:
    planned(newsroom, MINA)
    newsroom.desk = replace(newsroom.desk, bounce_address="bounces@news.example")
    newsroom.deliver(NOON)
    (message,) = newsroom.backend.messages
    assert message.sender.startswith(f"bounces+{message.delivery_id}.")
    assert bounced_delivery(message.sender, newsroom.desk.signer) == message.delivery_id
    assert b"bounces" not in message.content


def test_who_is_not_allowed_gets_nothing_and_the_ledger_says_why(newsroom: Newsroom) -> None:
    newsroom.desk = replace(newsroom.desk, allowed=read_allowed_recipients("*@ours.example"))
    emails = [f"stranger{number}@reader.example" for number in range(25)]
    run_id = planned(newsroom, "mina@ours.example", *emails)

    done = newsroom.deliver(NOON)

    assert [message.recipient for message in newsroom.backend.offered] == ["mina@ours.example"]
    withheld = newsroom.deliveries(DeliveryState.WITHHELD)
    assert {row.email for row in withheld} == set(emails)
    assert {row.state_reason for row in withheld} == {"not on MAILER_ALLOW_RECIPIENTS"}
    assert {row.attempt_count for row in withheld} == {0}
    assert done.counts == {DeliveryState.WITHHELD: 25, DeliveryState.ACCEPTED: 1}
    assert newsroom.run(run_id).state is RunState.DONE
