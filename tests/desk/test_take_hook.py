"""Signed calls of hooks: once or again, and what is done about them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mailer.core.bounce_addresses import bounce_address
from mailer.core.hooks import HookSecrets, Provider, Refusal
from mailer.errors import ServiceAway
from mailer.flows.fetch_certificate import Certificates
from mailer.flows.take_hook import HookAnswer
from mailer.store.audit import list_changes
from mailer.store.bounces import list_bounces
from mailer.store.database import Database
from mailer.store.hooks import list_refusals
from mailer.store.ledger_breaches import accepted_without_proof, sent_unmarked
from mailer.store.ledger_events import BY_SERVICE
from mailer.store.ledger_reading import events_of
from mailer.store.ledger_tables import deliveries
from mailer.store.tables import subscriptions
from tests.bounces import services
from tests.bounces.service_shapes import (
    mailgun,
    postmark,
    sendgrid,
    ses_bounce,
    ses_complaint,
    ses_delivery,
)
from tests.bounces.services import (
    CERTIFICATE_URL,
    CONFIRM_URL,
    Services,
    call,
)
from tests.builders import NOON
from tests.desk.hook_calls import SIGNER, Amazonas, Made, mail_of, suppressed, take
from tests.store.rows import Room, open_room, states


@pytest.fixture(scope="module")
def made() -> Services:
    return Services()


@pytest.fixture
def room(database: Database) -> Room:
    """Two readers with one mail each."""
    return open_room(database, 2)


BOUNCES: dict[str, Made] = {
    "ses": lambda made, email, id_: made.ses(ses_bounce(email, message_id=id_)),
    "ses v2": lambda made, email, id_: made.ses(ses_bounce(email, message_id=id_), version="2"),
    "postmark": lambda made, email, _: made.postmark(postmark(Email=email)),
    "sendgrid": lambda made, email, id_: made.sendgrid([sendgrid(email=email, **{"smtp-id": id_})]),
    "mailgun": lambda made, email, id_: made.mailgun(
        mailgun(recipient=email, message={"headers": {"message-id": id_.strip("<>")}})
    ),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_a_signed_bounce_suppresses_once(room: Room, made: Services, name: str) -> None:
    email, key, message_id = mail_of(room)
    one = BOUNCES[name](made, email, message_id)
    assert take(room, made, one).taken_count == 1
    assert suppressed(room) == {key: "hard bounce"}
    again = take(room, made, one, now=NOON + timedelta(minutes=5))
    assert (again.taken_count, again.known_count) == (0, 1)
    with room.database.read() as connection:
        (row,) = list_bounces(connection)
    assert (row.proof, row.source) == ("signed", f"hook {one.provider}")
    assert row.delivery_id == (None if name == "postmark" else room.delivery_ids[0])


def test_a_service_without_a_secret_is_not_listened_to(room: Room, made: Services) -> None:
    email, _, message_id = mail_of(room)
    one = BOUNCES["mailgun"](made, email, message_id)

    class Nothing(Services):
        @property
        def secrets(self) -> HookSecrets:
            return replace(made.secrets, mailgun_keys=())

    assert take(room, Nothing(), one).refusal is Refusal.NOT_SET_UP
    assert suppressed(room) == {}


def test_a_token_of_mailgun_is_good_for_one_body(room: Room, made: Services) -> None:
    """Its signature does not cover the body: an overheard one must not prove another."""
    first, second = mail_of(room, 0), mail_of(room, 1)
    assert take(room, made, made.mailgun(mailgun(recipient=first[0]))).taken_count == 1
    stolen = made.mailgun(mailgun(recipient=second[0], id="another"))
    assert take(room, made, stolen).refusal is Refusal.REPLAYED
    # The same once more is how Mailgun tries again.
    assert take(room, made, made.mailgun(mailgun(recipient=first[0]))).known_count == 1
    assert suppressed(room) == {first[1]: "hard bounce"}


def test_who_is_refused_too_often_is_no_longer_heard(room: Room, made: Services) -> None:
    unsigned = call(Provider.POSTMARK, postmark())
    answers = [take(room, made, unsigned) for _ in range(62)]
    assert [answer.heard for answer in answers] == [True] * 60 + [False] * 2
    with room.database.read() as connection:
        assert [row.count for row in list_refusals(connection)] == [60]
    # Another client, and a signed call of the same, are heard all the same.
    assert take(room, made, replace(unsigned, client="198.51.100.7")).heard
    email, key, _ = mail_of(room)
    assert take(room, made, made.postmark(postmark(Email=email))).taken_count == 1
    assert suppressed(room) == {key: "hard bounce"}


def test_certificates_come_from_amazon_once_a_day(room: Room, made: Services) -> None:
    email, _, message_id = mail_of(room)
    amazonas = Amazonas({CERTIFICATE_URL: made.amazon.certificate().encode()})
    shelf = Certificates(amazonas.get)
    one = made.ses(ses_bounce(email, message_id=message_id))
    assert take(room, made, one, certificates=shelf, pinned=False).taken_count == 1
    assert take(room, made, one, certificates=shelf, pinned=False).known_count == 1
    assert amazonas.asked == [CERTIFICATE_URL]
    elsewhere = made.ses(ses_bounce(email), SigningCertURL="https://evil.example/cert.pem")
    assert take(room, made, elsewhere, certificates=shelf, pinned=False).refusal is Refusal.FORGED
    gone = made.ses(ses_bounce(email), SigningCertURL=CERTIFICATE_URL.replace("0123", "9999"))
    assert take(room, made, gone, certificates=shelf, pinned=False).refusal is Refusal.FORGED
    assert amazonas.asked == [CERTIFICATE_URL, CERTIFICATE_URL.replace("0123", "9999")]


def test_an_expired_certificate_proves_nothing(room: Room, made: Services) -> None:
    email, _, message_id = mail_of(room)
    amazonas = Amazonas({CERTIFICATE_URL: made.amazon.certificate(days=9).encode()})
    one = made.ses(ses_bounce(email, message_id=message_id))
    answer = take(room, made, one, certificates=Certificates(amazonas.get), pinned=False)
    assert answer.refusal is Refusal.FORGED


def test_made_up_certificates_do_not_make_us_ask_without_end(room: Room, made: Services) -> None:
    email = mail_of(room)[0]
    amazonas = Amazonas({})
    shelf = Certificates(amazonas.get)

    def ask(number: int) -> HookAnswer:
        url = CERTIFICATE_URL.replace("0123", f"{number:04}")
        one = made.ses(ses_bounce(email), SigningCertURL=url)
        return take(room, made, one, certificates=shelf, pinned=False)

    for number in range(10):
        assert ask(number).refusal is Refusal.FORGED
    # Amazon is told to try later: by then somebody may ask again.
    with pytest.raises(ServiceAway):
        ask(10)
    assert len(amazonas.asked) == 10


def test_a_subscription_to_our_topic_is_confirmed(room: Room, made: Services) -> None:
    amazonas = Amazonas({CONFIRM_URL: b"<ConfirmSubscriptionResponse/>"})
    one = call(Provider.SES, made.amazon.confirmation())
    answer = take(room, made, one, certificates=Certificates(amazonas.get))
    assert answer.confirmed
    assert amazonas.asked == [CONFIRM_URL]
    with room.database.read() as connection:
        (entry,) = list_changes(connection)
    assert (entry.action, entry.subject) == ("hook subscribed", services.TOPIC)


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": services.TOPIC + "2"},
        {"url": "https://evil.example/?Action=ConfirmSubscription&Token=1"},
        {"url": "http://169.254.169.254/?Action=ConfirmSubscription&Token=1"},
    ],
)
def test_nothing_else_is_ever_fetched(room: Room, made: Services, changes: dict[str, str]) -> None:
    amazonas = Amazonas({})
    one = call(Provider.SES, made.amazon.confirmation(**changes))
    answer = take(room, made, one, certificates=Certificates(amazonas.get))
    assert not answer.confirmed
    assert amazonas.asked == []


def test_a_complaint_and_an_unsubscription_end_what_she_reads(room: Room, made: Services) -> None:
    first, second = mail_of(room, 0), mail_of(room, 1)
    take(room, made, made.ses(ses_complaint(first[0], message_id=first[2])))
    left = sendgrid("unsubscribe", email=second[0], **{"smtp-id": second[2]})
    take(room, made, made.sendgrid([left]))
    # Who unsubscribes over there may come back here; who complained gets nothing more.
    assert suppressed(room) == {first[1]: "complaint"}
    with room.database.read() as connection:
        reasons = connection.scalars(
            select(subscriptions.c.end_reason).order_by(subscriptions.c.id)
        ).all()
        told = [row.action for row in list_bounces(connection)]
    assert reasons == ["complaint", "unsubscribed"]
    assert told == ["unsubscribed from 1", "unsubscribed from 1, suppressed"]


def test_an_arrival_ends_a_doubt_and_nothing_else(room: Room, made: Services) -> None:
    sealed = bounce_address("m@mark.invalid", room.delivery_ids[0], SIGNER)
    queued = made.ses(ses_delivery(message_id=mail_of(room, 1)[2]))
    doubtful = made.sendgrid([sendgrid("delivered", delivery=sealed)] * 3)
    assert take(room, made, doubtful).settled_count == 0
    for state in ("claimed", "transmitting", "in_doubt"):
        with room.database.write() as connection:
            mine = deliveries.c.id == room.delivery_ids[0]
            connection.execute(update(deliveries).where(mine).values(state=state))
    assert take(room, made, queued).settled_count == 0
    assert take(room, made, doubtful).settled_count == 1
    assert take(room, made, doubtful).settled_count == 0
    assert states(room.database) == ["accepted", "queued"]
    # It has proof of acceptance, once, and the ledger finds nothing odd about how it came.
    with room.database.read() as connection:
        assert [event.detail for event in events_of(connection, room.delivery_ids[0])] == [
            BY_SERVICE
        ]
        assert connection.execute(sent_unmarked(NOON)).all() == []
        assert connection.execute(accepted_without_proof(NOON)).all() == []
