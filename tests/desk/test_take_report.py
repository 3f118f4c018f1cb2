"""What comes back: proven or not, counted or not, and what is done about it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.bounces.reading import read_report
from mailer.core.addresses import read_address
from mailer.core.bounce_addresses import bounce_address
from mailer.core.bounces import BounceKind, Finding, Proof, Report, SoftRule
from mailer.core.tokens import Signer
from mailer.flows.take_report import UNPROVEN, TakenReport, take_report
from mailer.store.bounces import list_bounces
from mailer.store.database import Database
from mailer.store.ledger_tables import deliveries
from mailer.store.readers import is_suppressed
from mailer.store.tables import subscriptions, suppressions
from tests.bounces import shapes
from tests.builders import NOON
from tests.store.rows import Room, open_room

SIGNER = Signer(("test-secret",))
STRANGER = Signer(("another-secret",))
RULE = SoftRule(most=3, within=timedelta(days=10))
DAY = timedelta(days=1)


@pytest.fixture
def room(database: Database) -> Room:
    """Three readers with one mail each."""
    return open_room(database, 3)


def sealed(delivery_id: int, signer: Signer = SIGNER) -> str:
    return bounce_address("bounces@news.example", delivery_id, signer)


def take(room: Room, content: bytes | Report, now: datetime = NOON, **more: bool) -> TakenReport:
    report = content if isinstance(content, Report) else read_report(content)
    return take_report(room.database, SIGNER, report, source="test", rule=RULE, now=now, **more)


def came_to(content: bytes, address: str) -> bytes:
    return content.replace(shapes.TO.encode(), address.encode())


def suppressed(room: Room) -> dict[str, str]:
    """The reasons by address."""
    with room.database.read() as connection:
        rows = connection.execute(
            select(suppressions.c.email_key, suppressions.c.reason).where(
                suppressions.c.ended_at.is_(None)
            )
        )
        return {row.email_key: row.reason for row in rows}


def email_of(room: Room, index: int) -> str:
    with room.database.read() as connection:
        return str(
            connection.scalar(
                select(deliveries.c.email).where(deliveries.c.id == room.delivery_ids[index])
            )
        )


def message_id_of(room: Room, index: int) -> str:
    with room.database.read() as connection:
        return str(
            connection.scalar(
                select(deliveries.c.message_id).where(deliveries.c.id == room.delivery_ids[index])
            )
        )


def soft(room: Room, index: int, number: int, now: datetime) -> TakenReport:
    report = Report(
        evidence=f"mail:{number}",
        finding=Finding(BounceKind.SOFT, "whoever@reader.example", "4.2.2", "full"),
        addresses=(sealed(room.delivery_ids[index]),),
    )
    return take(room, report, now)


def test_a_hard_bounce_to_the_sealed_address_suppresses_its_own_reader(room: Room) -> None:
    taken = take(room, came_to(shapes.sendmail(), sealed(room.delivery_ids[1])))
    assert (taken.proof, taken.action) == (Proof.ENVELOPE, "suppressed")
    assert taken.email == email_of(room, 1)
    # Not whom the report names: mina@reader.example is nobody here.
    assert suppressed(room) == {read_address(email_of(room, 1)).key: "hard bounce"}


def test_a_bounce_that_quotes_our_message_id_is_proven_too(room: Room) -> None:
    ours = message_id_of(room, 0).encode()
    taken = take(room, shapes.qmail().replace(shapes.MESSAGE_ID.encode(), ours))
    assert (taken.proof, taken.kind) == (Proof.MESSAGE_ID, BounceKind.HARD)
    assert taken.action == "suppressed"


@pytest.mark.parametrize("content", [shapes.sendmail(), shapes.arf(), shapes.outlook_complaint()])
def test_a_forged_report_is_recorded_and_suppresses_nobody(room: Room, content: bytes) -> None:
    forged = came_to(content, sealed(room.delivery_ids[0], STRANGER)).replace(
        shapes.READER.encode(), email_of(room, 0).encode()
    )
    taken = take(room, forged)
    assert (taken.proof, taken.action, taken.delivery_id) == (Proof.NONE, UNPROVEN, None)
    assert suppressed(room) == {}
    with room.database.read() as connection:
        assert [row.action for row in list_bounces(connection)] == [UNPROVEN]


def test_a_seal_of_one_delivery_opens_no_other(room: Room) -> None:
    first, second = room.delivery_ids[:2]
    moved = sealed(first).replace(f"+{first}.", f"+{second}.")
    assert take(room, came_to(shapes.sendmail(), moved)).proof is Proof.NONE
    gone = sealed(999_999)
    assert take(room, came_to(shapes.exchange(), gone)).proof is Proof.NONE


def test_reading_again_is_no_change(room: Room) -> None:
    content = came_to(shapes.sendmail(), sealed(room.delivery_ids[0]))
    assert take(room, content).is_new
    again = take(room, content, NOON + DAY)
    assert not again.is_new
    assert again.action == "known already"
    with room.database.read() as connection:
        assert len(list_bounces(connection)) == 1
    assert len(suppressed(room)) == 1


def test_a_complaint_unsubscribes_and_suppresses_at_once(room: Room) -> None:
    ours = message_id_of(room, 2)
    taken = take(room, shapes.arf(message_id=ours).replace(shapes.TO.encode(), b"x@news.example"))
    assert taken.action == "unsubscribed from 1, suppressed"
    assert suppressed(room) == {read_address(email_of(room, 2)).key: "complaint"}
    with room.database.read() as connection:
        ended = connection.execute(
            select(subscriptions.c.end_reason).where(subscriptions.c.ended_at.is_not(None))
        ).all()
    assert [row.end_reason for row in ended] == ["complaint"]


@pytest.mark.parametrize(
    "content",
    [
        shapes.away("Out of office", "Auto-Submitted: auto-replied"),
        shapes.away("Re: hello", "X-Mailer: pen"),
        shapes.postfix("4.4.1", "connection timed out", "delayed"),
        shapes.postfix("5.7.1", "550 5.7.1 rejected as spam"),
        shapes.arf("not-spam"),
    ],
    ids=["auto-reply", "answer", "delayed", "policy", "not-spam"],
)
def test_what_says_nothing_about_her_address_never_counts(room: Room, content: bytes) -> None:
    taken = take(room, came_to(content, sealed(room.delivery_ids[0])))
    assert taken.action == "recorded"
    assert suppressed(room) == {}


def one_reader(room: Room) -> None:
    """Make all three mails those of one address."""
    with room.database.write() as connection:
        connection.execute(
            update(deliveries).values(email=email_of(room, 0), email_key="a@reader.example")
        )


def test_soft_bounces_of_several_mails_within_days_suppress(room: Room) -> None:
    one_reader(room)
    assert soft(room, 0, 1, NOON).action == "counted: 1 of 3 within 10 days"
    # The same mail once more is no second mail.
    assert soft(room, 0, 2, NOON).action == "counted: 1 of 3 within 10 days"
    assert soft(room, 1, 3, NOON + DAY).action == "counted: 2 of 3 within 10 days"
    assert suppressed(room) == {}
    assert soft(room, 2, 4, NOON + 2 * DAY).action == "suppressed"
    assert suppressed(room) == {"a@reader.example": "soft bounces"}


def test_soft_bounces_of_long_ago_do_not_count(room: Room) -> None:
    one_reader(room)
    soft(room, 0, 1, NOON)
    soft(room, 1, 2, NOON + DAY)
    assert soft(room, 2, 3, NOON + 12 * DAY).action == "counted: 1 of 3 within 10 days"


def test_soft_bounces_before_somebody_freed_the_address_do_not_count(room: Room) -> None:
    one_reader(room)
    for number in range(3):
        soft(room, number, number, NOON)
    with room.database.write() as connection:
        connection.execute(update(suppressions).values(ended_at=NOON + DAY))
    assert soft(room, 0, 9, NOON + 2 * DAY).action == "counted: 1 of 3 within 10 days"


def test_a_signed_notice_is_believed_about_whom_it_names(room: Room) -> None:
    named = email_of(room, 0)
    report = Report("sns:1", Finding(BounceKind.HARD, named, "5.1.1", "no such user"))
    assert take(room, report, signed=True).action == "suppressed"
    assert take(room, Report("sns:2", report.finding)).action == UNPROVEN
    odd = Report("sns:3", Finding(BounceKind.HARD, "nobody at all"))
    assert take(room, odd, signed=True).action == UNPROVEN
    unknown = Report("sns:4", Finding(BounceKind.HARD, "stranger@reader.example"))
    assert take(room, unknown, signed=True).action == UNPROVEN


def test_the_evidence_says_what_was_told_and_of_which_mail(room: Room) -> None:
    take(room, came_to(shapes.exchange(), sealed(room.delivery_ids[0])))
    with room.database.read() as connection:
        evidence = connection.scalar(select(suppressions.c.evidence))
        assert is_suppressed(connection, read_address(email_of(room, 0)))
    assert evidence is not None
    assert evidence.startswith("5.1.10 550 5.1.10 RESOLVER.ADR.RecipientNotFound")
    assert f"(delivery {room.delivery_ids[0]})" in evidence
