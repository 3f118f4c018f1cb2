"""The outbox of webhooks: sent in order, tried again, given up, kept by operators."""

import json
from datetime import timedelta

import pytest

from mailer.core.retention import Retention
from mailer.core.webhooks import MOST_ATTEMPTS, EventKind, MessageState, signed_headers
from mailer.errors import InputError, NotFoundError
from mailer.flows.keep_webhooks import (
    enable_webhook,
    queue_webhook_test,
    remove_webhook,
    retry_messages,
    rotate_webhook,
)
from mailer.flows.purge import purge
from mailer.flows.send_webhooks import SentWebhooks
from mailer.store.audit import list_changes
from mailer.store.database import Database
from mailer.store.webhook_outbox import Fact, claim_messages, settle_message, tell
from mailer.store.webhooks import find_webhook
from tests.builders import NOON
from tests.desk.receivers import CMS, CRM, DAY, ME, MINUTE, Receiver, add, event, send, told
from tests.store.rows import add_subscriber, open_room


def test_an_event_reaches_who_wants_it_signed(database: Database) -> None:
    webhook = add(database, CMS, EventKind.RUN_PAUSED)
    add(database, CRM, EventKind.RUN_FINISHED)
    event(database)
    receiver = Receiver()
    assert send(database, receiver) == SentWebhooks(delivered_count=1)
    ((url, body, headers),) = receiver.got
    assert url == CMS
    assert json.loads(body) == {
        "type": "run.paused",
        "timestamp": "2026-03-10T12:00:00+00:00",
        "data": {"run": 1},
    }
    assert headers == signed_headers([webhook.secret], headers["webhook-id"], body, NOON)
    (message,) = told(database)
    assert (message.state, message.status, message.answer) == (MessageState.DELIVERED, 200, "ok")
    assert send(database, receiver) == SentWebhooks()


def test_a_fact_that_is_undone_is_not_told(database: Database) -> None:
    add(database)

    def fail() -> None:
        with database.write() as connection:
            tell(connection, EventKind.RUN_PAUSED, [Fact({"run": 1}, NOON)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert told(database) == []


@pytest.mark.parametrize("answer", [500, 302, 404, 429, None])
def test_what_is_not_taken_is_tried_again_under_the_same_name(
    database: Database, answer: int | None
) -> None:
    add(database)
    event(database, 1)
    event(database, 2)
    receiver = Receiver({CMS: answer})
    assert send(database, receiver).failed_count == 1
    # One try is enough to know: the second message waits for the first.
    assert len(receiver.got) == 1
    first, second = told(database)
    assert (first.state, first.attempt_count, first.status) == (MessageState.QUEUED, 1, answer)
    assert (second.state, second.attempt_count) == (MessageState.QUEUED, 0)
    assert send(database, receiver, NOON + timedelta(seconds=4)) == SentWebhooks()
    receiver.answers = {}
    assert send(database, receiver, NOON + timedelta(seconds=6)).delivered_count == 2
    assert [one["data"]["run"] for one in receiver.documents()] == [1, 1, 2]
    names = [headers["webhook-id"] for _, _, headers in receiver.got]
    assert names[0] == names[1] != names[2]
    assert receiver.got[0][1] == receiver.got[1][1]
    with database.read() as connection:
        webhook = find_webhook(connection, 1)
    assert webhook is not None
    assert webhook.failing_since_at is None


def test_a_receiver_may_ask_for_more_time(database: Database) -> None:
    add(database)
    event(database)
    receiver = Receiver({CMS: 503}, retry_after=600)
    send(database, receiver)
    assert told(database)[0].due_at == NOON + 10 * MINUTE
    assert send(database, receiver, NOON + 9 * MINUTE) == SentWebhooks()


def test_one_dead_address_holds_no_other(database: Database) -> None:
    add(database, CMS)
    add(database, CRM)
    for number in range(3):
        event(database, number)
    receiver = Receiver({CMS: None})
    assert send(database, receiver) == SentWebhooks(delivered_count=3, failed_count=1)
    assert [url for url, _, _ in receiver.got].count(CMS) == 1


def test_what_is_never_taken_is_given_up_and_seen(database: Database) -> None:
    add(database)
    event(database)
    receiver = Receiver({CMS: 500})
    now = NOON
    for _ in range(MOST_ATTEMPTS):
        assert send(database, receiver, now).failed_count == 1
        now = max(told(database)[0].due_at, now)
    (message,) = told(database)
    assert (message.state, message.attempt_count) == (MessageState.GIVEN_UP, MOST_ATTEMPTS)
    assert (message.status, message.answer) == (500, "no")
    assert send(database, receiver, now + DAY) == SentWebhooks()
    # An operator tries again: one, or all of an address.
    assert retry_messages(database, message_id=message.id, actor=ME, now=now + DAY) == 1
    assert retry_messages(database, webhook_id=1, actor=ME, now=now + DAY) == 0
    receiver.answers = {}
    assert send(database, receiver, now + DAY).delivered_count == 1


def test_an_address_that_is_gone_or_dead_for_days_is_disabled(database: Database) -> None:
    add(database)
    event(database)
    receiver = Receiver({CMS: 410})
    assert send(database, receiver).disabled == (1,)
    event(database, 2)
    assert len(told(database)) == 1
    enable_webhook(database, 1, actor=ME, now=NOON)
    event(database, 3)
    receiver.answers = {CMS: 500}
    send(database, receiver, NOON + MINUTE)
    assert send(database, receiver, NOON + 4 * DAY).disabled == ()
    event(database, 4)
    assert send(database, receiver, NOON + 6 * DAY).disabled == (1,)
    with database.read() as connection:
        webhook = find_webhook(connection, 1)
    assert webhook is not None
    assert webhook.disabled_reason == "it has taken nothing since 2026-03-10 12:01 UTC"


def test_who_dies_with_a_message_in_hand_leaves_it_due(database: Database) -> None:
    add(database)
    event(database)
    with database.write() as connection:
        (taken,) = claim_messages(connection, 1, NOON, limit=10)
        assert claim_messages(connection, 1, NOON, limit=10) == []
    assert send(database, Receiver()) == SentWebhooks()
    with database.write() as connection:
        (again,) = claim_messages(connection, 1, taken.due_at, limit=10)
        # The late answer of the one that was thought dead counts no more; the other's does.
        for message, counts in ((taken, False), (again, True)):
            assert counts is settle_message(
                connection, message, MessageState.DELIVERED, status=200, answer="", now=NOON
            )
    assert (told(database)[0].attempt_count, told(database)[0].status) == (2, 200)


def test_a_removed_webhook_is_told_nothing_more(database: Database) -> None:
    webhook = add(database)
    event(database)
    remove_webhook(database, webhook.id, actor=ME, now=NOON)
    event(database, 2)
    receiver = Receiver()
    assert send(database, receiver) == SentWebhooks()
    assert [message.state for message in told(database)] == [MessageState.DROPPED]
    with pytest.raises(NotFoundError):
        queue_webhook_test(database, webhook.id, actor=ME, now=NOON)
    assert add(database).id != webhook.id


def test_changes_are_audited_and_secrets_are_not_in_it(database: Database) -> None:
    webhook = add(database)
    rotated = rotate_webhook(database, webhook.id, actor=ME, now=NOON)
    assert rotated.secrets(NOON) == (rotated.secret, webhook.secret)
    queue_webhook_test(database, webhook.id, actor=ME, now=NOON)
    with pytest.raises(InputError, match="told already"):
        add(database)
    with database.read() as connection:
        entries = list_changes(connection)
    assert [entry.action for entry in entries] == [
        "webhook tested",
        "webhook secret rotated",
        "webhook added",
    ]
    assert "whsec" not in str(entries)


def test_what_is_over_is_purged(database: Database) -> None:
    add(database)
    event(database)
    send(database, Receiver())
    event(database, 2)
    purge(database, Retention(), now=NOON + 31 * DAY)
    assert [message.data["run"] for message in told(database)] == [2]


def test_nobody_listening_costs_no_row(database: Database) -> None:
    room = open_room(database, 1)
    with database.write() as connection:
        add_subscriber(connection, room.newsletter_id, 9, "*")
    assert told(database) == []
