"""Calls of hooks that prove nothing: each is recorded, and does nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.core.hooks import HookCall, Provider, Refusal
from mailer.store.bounces import list_bounces
from mailer.store.database import Database
from mailer.store.hooks import list_refusals
from tests.bounces import services
from tests.bounces.service_shapes import (
    mailgun,
    postmark,
    sendgrid,
    ses_bounce,
)
from tests.bounces.services import (
    Services,
    call,
)
from tests.builders import NOON
from tests.desk.hook_calls import Made, mail_of, suppressed, take
from tests.store.rows import Room, open_room

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def made() -> Services:
    return Services()


@pytest.fixture
def room(database: Database) -> Room:
    """Two readers with one mail each."""
    return open_room(database, 2)


def spoilt(one: HookCall) -> HookCall:
    """The same signature over another body."""
    body = one.body.replace(b"@", b"@x.")
    assert body != one.body
    return replace(one, body=body)


FORGED: dict[str, tuple[Made, Refusal]] = {
    "ses unsigned": (
        lambda made, email, _: call(
            Provider.SES, made.amazon.envelope(ses_bounce(email)) | {"Signature": None}
        ),
        Refusal.UNSIGNED,
    ),
    "ses raw delivery": (
        lambda _, email, __: call(Provider.SES, ses_bounce(email)),
        Refusal.UNSIGNED,
    ),
    "ses changed": (lambda made, email, _: spoilt(made.ses(ses_bounce(email))), Refusal.FORGED),
    "ses by a stranger": (
        lambda _, email, __: call(
            Provider.SES, services.Amazon().envelope(ses_bounce(email), version="2")
        ),
        Refusal.FORGED,
    ),
    "ses of no version": (
        lambda made, email, _: call(
            Provider.SES, made.amazon.envelope(ses_bounce(email)) | {"SignatureVersion": "3"}
        ),
        Refusal.FORGED,
    ),
    "ses of another topic": (
        lambda made, email, _: made.ses(ses_bounce(email), TopicArn=services.TOPIC + "2"),
        Refusal.FOREIGN,
    ),
    "ses of long ago": (
        lambda made, email, _: made.ses(ses_bounce(email), at=NOON - 2 * HOUR),
        Refusal.STALE,
    ),
    "ses no text": (lambda *_: call(Provider.SES, b"\xff\x00"), Refusal.UNREADABLE),
    "ses a list": (lambda *_: call(Provider.SES, [1, 2]), Refusal.UNSIGNED),
    "postmark unsigned": (
        lambda _, email, __: call(Provider.POSTMARK, postmark(Email=email)),
        Refusal.UNSIGNED,
    ),
    "postmark of another scheme": (
        lambda _, email, __: call(
            Provider.POSTMARK, postmark(Email=email), authorization="Bearer hooks:k9-2b41"
        ),
        Refusal.UNSIGNED,
    ),
    "postmark with a wrong password": (
        lambda made, email, _: made.postmark(postmark(Email=email), "hooks:k9-2b42"),
        Refusal.FORGED,
    ),
    "sendgrid unsigned": (
        lambda _, email, __: call(Provider.SENDGRID, [sendgrid(email=email)]),
        Refusal.UNSIGNED,
    ),
    "sendgrid changed": (
        lambda made, email, _: spoilt(made.sendgrid([sendgrid(email=email)])),
        Refusal.FORGED,
    ),
    "sendgrid by a stranger": (
        lambda _, email, __: Services().sendgrid([sendgrid(email=email)]),
        Refusal.FORGED,
    ),
    "sendgrid with another moment": (
        lambda made, email, _: moved(made.sendgrid([sendgrid(email=email)])),
        Refusal.FORGED,
    ),
    "sendgrid of long ago": (
        lambda made, email, _: made.sendgrid([sendgrid(email=email)], NOON - 2 * HOUR),
        Refusal.STALE,
    ),
    "sendgrid of tomorrow": (
        lambda made, email, _: made.sendgrid([sendgrid(email=email)], NOON + HOUR),
        Refusal.STALE,
    ),
    "mailgun unsigned": (
        lambda _, email, __: call(Provider.MAILGUN, {"event-data": mailgun(recipient=email)}),
        Refusal.UNSIGNED,
    ),
    "mailgun by a stranger": (
        lambda made, email, _: made.mailgun(mailgun(recipient=email), key="key-of-nobody"),
        Refusal.FORGED,
    ),
    "mailgun of long ago": (
        lambda made, email, _: made.mailgun(mailgun(recipient=email), at=NOON - 2 * HOUR),
        Refusal.STALE,
    ),
    "mailgun a list": (lambda *_: call(Provider.MAILGUN, []), Refusal.UNSIGNED),
    "mailgun too deep": (lambda *_: call(Provider.MAILGUN, b"[" * 9999), Refusal.UNREADABLE),
}


def moved(one: HookCall) -> HookCall:
    later = str(int(NOON.timestamp()) + 60)
    return replace(one, headers=one.headers | {"x-twilio-email-event-webhook-timestamp": later})


def test_what_is_not_proven_is_recorded_and_suppresses_nobody(room: Room, made: Services) -> None:
    email, _, message_id = mail_of(room)
    for name, (make, refusal) in FORGED.items():
        answer = take(room, made, make(made, email, message_id))
        assert (answer.refusal, answer.taken_count) == (refusal, 0), name
    assert suppressed(room) == {}
    with room.database.read() as connection:
        assert list_bounces(connection) == []
        refused = list_refusals(connection)
    assert sum(row.count for row in refused) == len(FORGED)
    assert {row.client for row in refused} == {"192.0.2.9"}
