"""Notices: one-off mails in the same ledger, under the same machine as digests."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailer.core.deliveries import DeliveryState, InDoubtPolicy, MailKind
from mailer.core.notices import Link
from mailer.core.readers import Cadence, ReaderState
from mailer.core.tokens import Purpose
from mailer.delivery.memory import MemoryBackend
from mailer.flows.check_ledger import check_ledger
from mailer.flows.deliver_run import deliver_run
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import rebuild_mail
from mailer.flows.recover import recover
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.ports import Accepted, Deferred, InDoubt, Misconfigured, Outcome, Refused
from mailer.store.ledger_lease import claim
from mailer.store.ledger_reading import DeliveryRow, EventRow, events_of, find_delivery
from mailer.store.readers import suppress
from tests.flows.conftest import DAY, NOON, Newsroom
from tests.flows.notices import ANN, MINUTE, confirm, send_to

S = DeliveryState
BOB = "bob@example.org"


def found(newsroom: Newsroom, delivery_id: int | None) -> DeliveryRow:
    assert delivery_id is not None
    with newsroom.database.read() as connection:
        return find_delivery(connection, delivery_id)


def message(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def answering(*outcomes: Outcome) -> MemoryBackend:
    answers = iter(outcomes)
    return MemoryBackend(lambda _: next(answers))


def assert_sound(newsroom: Newsroom) -> None:
    assert [f for f in check_ledger(newsroom.database, now=NOON) if f.count] == []


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    """Ann has asked and not confirmed; Bob follows and has a digest due."""
    newsroom.read_by(ANN, state=ReaderState.PENDING, name="Ann")
    newsroom.read_by("bob@example.org")
    newsroom.follow("bob@example.org", "asia")
    newsroom.publish("one", "china")
    return newsroom


def test_a_pending_reader_gets_her_confirmation_and_nothing_else(room: Newsroom) -> None:
    one = confirm(room)
    room.deliver(NOON)
    row = found(room, one)
    assert (row.state, row.kind, row.what) == (S.ACCEPTED, MailKind.NOTICE, "confirmation")
    assert (row.run_id, row.cadence, row.newsletter) == (None, None, "asia")
    assert [event.event for event in _events(room, row.id)] == ["marked", "accepted"]
    (sent,) = room.backend.messages
    mail = message(sent.content)
    assert mail["Subject"] == "Please confirm: Asia Today"
    assert (mail["Auto-Submitted"], mail["To"]) == ("auto-generated", f"Ann <{ANN}>")
    assert not [name for name in mail if name.startswith("List-") or name == "Precedence"]
    token = room.desk.signer.sign(Purpose.CONFIRM, row.subscription_id or 0, "n1")
    link = f"https://mail.news.example/confirm/{token}"
    for part in mail.iter_parts():
        body = part.get_content()
        assert link in body
        assert "Yes, send me Asia Today" in body
        assert "1 Test Street, Testville" in body
        assert "zq7x" not in body
    assert_sound(room)


def _events(room: Newsroom, delivery_id: int) -> list[EventRow]:
    with room.database.read() as connection:
        return events_of(connection, delivery_id)


def test_a_key_is_sent_once_and_its_bytes_are_kept(room: Newsroom) -> None:
    one = confirm(room)
    assert confirm(room) is None
    other = confirm(room, nonce="n2")
    before = rebuild_mail(room.desk, one or 0).content
    room.deliver(NOON)
    assert [m.content for m in room.backend.messages] == [
        before,
        rebuild_mail(room.desk, other or 0).content,
    ]
    room.deliver(NOON)
    assert len(room.backend.messages) == 2
    assert_sound(room)


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("UPDATE subscriptions SET ended_at = started_at", S.WITHHELD),
        ("UPDATE readers SET paused_until_at = '2030-01-01 00:00:00'", S.ACCEPTED),
        ("UPDATE readers SET email_key = 'new@example.org', email = 'new@example.org'", S.ACCEPTED),
    ],
)
def test_only_an_ended_subscription_withholds_what_was_asked_for(
    room: Newsroom, statement: str, state: DeliveryState
) -> None:
    one = confirm(room)
    with room.database.write() as connection:
        connection.execute(text(statement + f" WHERE {_ann(statement)}"))
    room.deliver(NOON)
    assert found(room, one).state is state


def _ann(statement: str) -> str:
    ann = f"(SELECT id FROM readers WHERE email_key = '{ANN}')"
    return f"reader_id = {ann}" if "subscriptions" in statement else f"id = {ann}"


@pytest.mark.parametrize("address", [ANN, "stranger@example.org"])
def test_a_suppressed_address_gets_no_notice_reader_or_not(room: Newsroom, address: str) -> None:
    one = send_to(room, address, "preferences:1")
    with room.database.write() as connection:
        suppress(connection, address, "complaint", "", NOON)
    room.deliver(NOON)
    row = found(room, one)
    assert (row.state, row.state_reason) == (S.WITHHELD, "suppressed")
    assert_sound(room)


def test_a_welcome_waits_for_a_confirmed_reader(room: Newsroom) -> None:
    links = {
        "preferences": Link.signed(Purpose.PREFERENCES, 1, 1),
        "unsubscribe": Link.signed(Purpose.UNSUBSCRIBE, 1),
    }
    one = confirm(room, links=links, nonce="w")
    with room.database.write() as connection:
        connection.execute(text("UPDATE deliveries SET occasion = 'welcome'"))
    room.deliver(NOON)
    row = found(room, one)
    assert (row.state, row.state_reason) == (S.WITHHELD, "not confirmed")


def test_a_notice_from_the_site_goes_to_a_stranger(room: Newsroom) -> None:
    one = send_to(room, "stranger@example.org", "preferences:1")
    room.deliver(NOON)
    row = found(room, one)
    assert (row.state, row.newsletter, row.reader_id) == (S.ACCEPTED, "", None)
    mail = message(room.backend.messages[0].content)
    assert mail["From"] == "The Test Desk <newsroom@mail.news.example>"
    assert mail["Message-ID"] == row.message_id
    assert room.backend.messages[0].sender == "newsroom@mail.news.example"
    assert_sound(room)


def test_notices_pass_all_digests_that_are_due(room: Newsroom) -> None:
    run_id = open_run(room.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(room.desk, run_id, now=NOON)
    one = confirm(room, now=NOON + MINUTE)
    room.deliver(NOON + MINUTE)
    assert room.backend.messages[0].delivery_id == one
    assert len(room.backend.messages) == 2
    assert_sound(room)


def test_the_transactional_queue_leaves_digests_alone(room: Newsroom) -> None:
    run_id = open_run(room.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(room.desk, run_id, now=NOON)
    confirm(room)
    done = deliver_run(room.desk, room.backend, clock=lambda: NOON, notices_only=True)
    assert done.counts == {S.ACCEPTED: 1}
    assert [row.state for row in room.deliveries()] == [S.QUEUED, S.ACCEPTED]
    assert recover(room.database, now=NOON).notices_due is False


def test_a_run_s_worker_leaves_notices_alone(room: Newsroom) -> None:
    confirm(room)
    with room.database.write() as connection:
        assert claim(connection, limit=9, now=NOON, run_id=1)[1] == []
    assert recover(room.database, now=NOON).notices_due is True


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted(250, "ok"), S.ACCEPTED),
        (Refused(550, "5.1.1 no such user", suppress=True), S.REFUSED),
        (Deferred(451, "greylisted"), S.QUEUED),
        (Misconfigured(530, "log in first"), S.QUEUED),
        (InDoubt("gone"), S.IN_DOUBT),
    ],
)
def test_outcomes_move_notices_as_they_move_digests(
    room: Newsroom, outcome: Outcome, state: DeliveryState
) -> None:
    one = confirm(room)
    done = room.deliver(NOON, answering(outcome))
    row = found(room, one)
    assert row.state is state
    assert bool(done.halted) is isinstance(outcome, Misconfigured)
    if state is S.QUEUED:
        assert row.not_before_at > NOON
    assert_sound(room)


def test_somebody_waits_for_a_confirmation_so_a_doubt_is_sent_once_more(room: Newsroom) -> None:
    one = confirm(room)
    gone = InDoubt("gone")
    for _ in range(2):
        room.deliver(NOON, answering(gone))
        recover(room.database, now=NOON, policy=InDoubtPolicy.HOLD)
    row = found(room, one)
    assert (row.state, row.resend_count, row.attempt_count) == (S.HELD, 1, 2)
    resolve_delivery(room.database, row.id, Resolution.RESEND, now=NOON + 3 * DAY)
    room.deliver(NOON + 3 * DAY)
    assert found(room, one).state is S.ACCEPTED
    assert_sound(room)


def test_a_link_that_is_dead_by_now_is_not_sent(room: Newsroom) -> None:
    one = send_to(room, ANN, "preferences:1")
    room.deliver(NOON + 31 * MINUTE)
    assert found(room, one).state is S.EXPIRED


def test_a_notice_its_template_loses_a_link_of_is_held_and_harms_no_other(room: Newsroom) -> None:
    links = {
        "confirm": Link.signed(Purpose.CONFIRM, 1, "n"),
        "forgotten": Link(path="/stories/one"),
    }
    bad = confirm(room, links=links)
    good = confirm(room, nonce="n2")
    room.deliver(NOON)
    held = found(room, bad)
    assert held.state is S.HELD
    assert "lost the link 'forgotten'" in held.state_reason
    assert found(room, good).state is S.ACCEPTED


def test_text_alone_for_her_who_wants_it(room: Newsroom) -> None:
    with room.database.write() as connection:
        connection.execute(text("UPDATE readers SET format = 'text'"))
    confirm(room)
    room.deliver(NOON)
    mail = message(room.backend.messages[0].content)
    assert mail.get_content_type() == "text/plain"


def test_a_notice_in_a_thread_answers_the_last_of_it(room: Newsroom) -> None:
    confirm(room, thread=("<a@news.example>", "<b@news.example>"))
    room.deliver(NOON)
    mail = message(room.backend.messages[0].content)
    assert mail["In-Reply-To"] == "<b@news.example>"
    assert mail["References"] == "<a@news.example> <b@news.example>"


def test_the_database_refuses_a_digest_without_its_run(room: Newsroom) -> None:
    confirm(room)
    with pytest.raises(IntegrityError), room.database.write() as connection:
        connection.execute(text("UPDATE deliveries SET kind = 'digest'"))
