"""What happens is told by webhooks, once it has happened and as it is then."""

from datetime import datetime, timedelta

from sqlalchemy import select

from mailer.core.bounces import BounceKind, Finding, Report, SoftRule
from mailer.core.corrections import CorrectionKind
from mailer.core.deliveries import DeliveryState
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.core.throttles import Limits
from mailer.core.tokens import Signer
from mailer.core.webhooks import CHOOSABLE, EventKind, MessageState
from mailer.delivery.throttle import MemoryThrottle
from mailer.flows.correct_story import Amendment, correct_story
from mailer.flows.desk import Desk
from mailer.flows.erase_reader import erase_reader
from mailer.flows.ingest_document import ingest_document
from mailer.flows.steer_run import Steer, steer_run
from mailer.flows.take_report import take_report
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.bounces import list_bounces
from mailer.store.database import Database
from mailer.store.leaving import end_subscriptions
from mailer.store.ledger_settle import Settlement, settle
from mailer.store.ledger_tables import deliveries
from mailer.store.story_recording import record_draft
from mailer.store.tables import stories
from tests.builders import NOON
from tests.desk.receivers import CMS, MINUTE, Receiver, add, send, told
from tests.store.rows import Room, open_room


def test_a_story_is_told_when_readers_may_have_it(database: Database) -> None:
    add(database)
    hour = timedelta(hours=1)

    def record(uid: str, embargo: datetime | None = None) -> None:
        draft = StoryDraft(uid=uid, title=uid, published_at=NOON, embargo_until_at=embargo)
        with database.write() as connection:
            record_draft(connection, draft, [], now=NOON, not_before=None)

    record("now")
    record("now")
    record("later", NOON + hour)
    record("moved", NOON + hour)
    record("gone", NOON + hour)
    with database.write() as connection:
        connection.execute(
            stories.update().where(stories.c.uid == "moved").values(eligible_at=NOON + 2 * hour)
        )
        connection.execute(
            stories.update().where(stories.c.uid == "gone").values(retracted_at=NOON)
        )
    receiver = Receiver()
    for now, uids in (
        (NOON, ["now"]),
        (NOON + hour, ["now", "later"]),
        (NOON + 2 * hour, ["now", "later", "moved"]),
        (NOON + 9 * hour, ["now", "later", "moved"]),
    ):
        send(database, receiver, now)
        assert [one["data"]["uid"] for one in receiver.documents()] == uids
    assert told(database)[-1].state is MessageState.DROPPED


def test_what_happens_to_readers_mails_and_runs_is_told(database: Database) -> None:
    add(database, CMS, *(kind for kind in EventKind if kind is not EventKind.STORY_PUBLISHED))
    room = open_room(database, 2)
    mine = room.subscribers[0].reader_id
    refuse(room)
    bounce(room)
    steer_run(
        database,
        room.run_id,
        Steer.PAUSE,
        now=NOON,
        signer=Signer(("s",)),
        throttle=MemoryThrottle(Limits()),
    )
    with database.write() as connection:
        end_subscriptions(connection, mine, "unsubscribed", NOON)
    receiver = Receiver()
    send(database, receiver)
    found = [(one["type"], one["data"]) for one in receiver.documents()]
    assert [kind for kind, _ in found] == [
        "reader.subscribed",
        "reader.subscribed",
        "delivery.refused",
        "delivery.bounced",
        "run.paused",
        "reader.unsubscribed",
    ]
    email = found[0][1]["email"]
    assert found[0][1] == {
        "reader": mine,
        "email": email,
        "newsletter": "asia",
        "source": "test",
    }
    assert found[2][1]["reply"] == "550 no"
    assert found[2][1]["delivery"] == room.delivery_ids[0]
    assert found[3][1]["kind"] == "hard"
    assert found[3][1]["action"] == "suppressed"
    assert found[4][1]["reason"] == "paused by an operator"
    assert found[5][1] == {
        "reader": mine,
        "email": email,
        "newsletter": "asia",
        "reason": "unsubscribed",
    }


def refuse(room: Room) -> None:
    """The first mail is refused."""
    with room.database.write() as connection:
        for state in ("claimed", "transmitting"):
            connection.execute(
                deliveries.update()
                .where(deliveries.c.id == room.delivery_ids[0])
                .values(state=state, lease_token="t", lease_until_at=NOON + MINUTE)
            )
        one = Settlement(room.delivery_ids[0], DeliveryState.REFUSED, "refused", 550, "550 no")
        assert settle(connection, [one], "t", NOON) == [room.delivery_ids[0]]


def bounce(room: Room) -> None:
    """The second mail comes back."""
    with room.database.read() as connection:
        message_id = connection.scalar(
            select(deliveries.c.message_id).where(deliveries.c.id == room.delivery_ids[1])
        )
    report = Report("b1", Finding(BounceKind.HARD, "x", "5.1.1"), message_ids=(str(message_id),))
    take_report(room.database, Signer(("s",)), report, source="test", rule=SoftRule(), now=NOON)


def desk_of(database: Database) -> Desk:
    signer, site = Signer(("s",)), Site("Test", "https://news.example", "1 Test Street")
    return Desk(database, Renderer(site, signer, max_mail_bytes=100_000), signer, site)


def test_who_is_erased_stands_neither_in_the_outbox_nor_in_bounces(database: Database) -> None:
    add(database, CMS, *CHOOSABLE)
    room = open_room(database, 2)
    bounce(room)
    email = told(database)[1].data["email"]
    assert email in str(told(database))
    erase_reader(desk_of(database), room.subscribers[1].reader_id, now=NOON)
    assert email not in str(told(database))
    with database.read() as connection:
        assert email not in str(list_bounces(connection))
        assert [row.recipient for row in list_bounces(connection)] == [""]
    # Programs learn that she is gone, by her number.
    last = told(database)[-1]
    assert (last.kind, last.data["reason"]) == (EventKind.READER_UNSUBSCRIBED, "erased")
    assert (last.data["reader"], last.data["email"]) == (room.subscribers[1].reader_id, None)


def test_a_correction_and_a_retraction_are_told_once(database: Database) -> None:
    add(database, CMS, EventKind.STORY_CORRECTED, EventKind.STORY_RETRACTED)
    with database.write() as connection:
        draft = StoryDraft(uid="ferry", title="Fery", published_at=NOON)
        record_draft(connection, draft, [], now=NOON, not_before=None)
    desk = desk_of(database)
    for amendment in (
        Amendment(CorrectionKind.CORRECTION, "The spelling", "Ferry"),
        Amendment(CorrectionKind.RETRACTION, "It never sailed"),
        Amendment(CorrectionKind.RETRACTION, "It never sailed"),
    ):
        correct_story(desk, "ferry", amendment, now=NOON)
    receiver = Receiver()
    send(database, receiver)
    assert [(one["type"], one["data"]) for one in receiver.documents()] == [
        ("story.corrected", {"uid": "ferry", "revision": 2, "note": "The spelling"}),
        ("story.retracted", {"uid": "ferry", "revision": 3, "note": "It never sailed"}),
    ]


def test_an_archive_is_no_news(database: Database) -> None:
    add(database, CMS, EventKind.STORY_PUBLISHED)
    for uid, backdated in (("old", True), ("new", False)):
        draft = StoryDraft(uid=uid, title=uid, published_at=NOON - timedelta(days=1))
        document = ParsedDocument("jsonl", (draft,))
        ingest_document(database, document, now=NOON, backdated=backdated)
    assert [message.data["uid"] for message in told(database)] == ["new"]
