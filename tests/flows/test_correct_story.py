"""Corrections and retractions: word to exactly those whose ledger shows the wrong version."""

import email
import email.policy
from datetime import timedelta

import pytest
from sqlalchemy import text

from mailer.core.corrections import CorrectionKind
from mailer.core.deliveries import DeliveryState, MailKind
from mailer.core.notices import Occasion
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.errors import InputError
from mailer.flows.check_ledger import check_ledger
from mailer.flows.correct_story import Amended, Amendment, correct_story
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.explain_story import Verdict, explain_story
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.pursue_corrections import Pursued, pursue_corrections
from mailer.ports import Accepted, InDoubt, Message, Outcome
from mailer.store.corrections import open_corrections
from mailer.store.ledger_lease import claim, mark
from mailer.store.ledger_reading import DeliveryRow
from mailer.store.readers import suppress
from tests.flows.conftest import DAY, MINUTE, NOON, Newsroom

S = DeliveryState
READERS = ("ann", "bob", "cat", "dan")
RETRACT = Amendment(CorrectionKind.RETRACTION, "The quoted report was a forgery.")
CORRECT = Amendment(
    CorrectionKind.CORRECTION, "The bridge is 300 m long, not 30.", title="A bridge of 300 m"
)


def mail_of(name: str) -> str:
    return f"{name}@example.org"


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    """Four readers; stories `one` (China) and `two` (Japan), published; nothing sent yet."""
    for name in READERS:
        newsroom.read_by(mail_of(name), name=name.title())
        newsroom.follow(mail_of(name), "china" if name == "ann" else "asia")
    newsroom.publish("one", "china", title="A bridge of 30 m")
    newsroom.publish("two", "japan")
    return newsroom


def amend(room: Newsroom, amendment: Amendment = RETRACT, uid: str = "one") -> Amended:
    return correct_story(room.desk, uid, amendment, now=NOON + MINUTE)


def notices(room: Newsroom) -> list[DeliveryRow]:
    return [row for row in room.deliveries() if row.kind is MailKind.NOTICE]


def plan(room: Newsroom) -> int:
    run_id = open_run(room.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(room.desk, run_id, now=NOON)
    return run_id


def assert_sound(room: Newsroom) -> None:
    broken = [f.invariant.name for f in check_ledger(room.database, now=NOON) if f.count]
    assert broken == []


@pytest.mark.parametrize(
    ("amendment", "subject"),
    [(RETRACT, "Retracted: A bridge of 30 m"), (CORRECT, "Correction: A bridge of 300 m")],
)
def test_who_got_the_wrong_version_is_told_once_in_its_thread(
    room: Newsroom, amendment: Amendment, subject: str
) -> None:
    room.send()
    digests = {m.recipient: m for m in room.backend.messages}
    assert amend(room, amendment).pursued == Pursued(told_count=4)
    again = amend(room, amendment)
    assert (again.is_new, again.pursued) == (False, Pursued())
    room.backend.messages.clear()
    room.deliver(NOON + MINUTE)
    assert {m.recipient for m in room.backend.messages} == set(map(mail_of, READERS))
    for sent in room.backend.messages:
        mail = email.message_from_bytes(sent.content, policy=email.policy.default)
        assert mail["Subject"] == subject
        assert mail["In-Reply-To"] == mail["References"] == digests[sent.recipient].message_id
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        for part in mail.iter_parts():
            assert amendment.note.split(",")[0] in part.get_content()
    assert pursue_corrections(room.desk, now=NOON + MINUTE).told_count == 0
    assert_sound(room)


def test_nobody_else_is_told(room: Newsroom) -> None:
    """Not who never got it, whose subscription ended, or whose address is suppressed."""
    room.read_by(mail_of("eve"))
    room.follow(mail_of("eve"), "japan")
    room.send()
    with room.database.write() as connection:
        suppress(connection, mail_of("bob"), "complaint", "", NOON)
        connection.execute(
            text(
                "UPDATE subscriptions SET ended_at = started_at WHERE reader_id = "
                f"(SELECT id FROM readers WHERE email_key = '{mail_of('cat')}')"
            )
        )
    assert amend(room).pursued == Pursued(told_count=2)
    assert [row.email for row in notices(room)] == [mail_of("ann"), mail_of("dan")]


def test_mails_that_wait_go_without_the_retracted_story(room: Newsroom) -> None:
    run_id = plan(room)
    assert amend(room).pursued == Pursued(replanned_count=3, dropped_count=1)
    room.deliver(NOON + MINUTE)
    assert room.given() == [(mail_of(name), "two") for name in READERS[1:]]
    assert notices(room) == []
    run = room.run(run_id)
    assert run.counts == {S.CANCELLED: 4, S.ACCEPTED: 3}
    assert run.planned_count == 7
    assert_sound(room)


def test_mails_that_wait_get_the_right_version(room: Newsroom) -> None:
    plan(room)
    assert amend(room, CORRECT).pursued == Pursued(replanned_count=4)
    room.deliver(NOON + MINUTE)
    assert all(b"A bridge of 300 m" in m.content for m in room.backend.messages)
    assert len(room.backend.messages) == 4
    assert_sound(room)


def test_what_is_in_a_workers_hands_cannot_leave_with_it(room: Newsroom) -> None:
    plan(room)
    with room.database.write() as connection:
        token, leased = claim(connection, limit=9, now=NOON)
    amend(room)
    with room.database.write() as connection:
        assert mark(connection, [row.id for row in leased], token, NOON) == []
    room.deliver(NOON + MINUTE)
    assert [uid for _, uid in room.given()] == ["two"] * 3


def test_who_may_have_it_is_told_and_who_gets_it_late_is_told_late(room: Newsroom) -> None:
    """In doubt counts as having it; what was under way at that moment is looked after later."""

    def answer(message: Message) -> Outcome:
        if message.recipient == mail_of("ann"):
            return InDoubt("gone")
        if message.recipient == mail_of("bob"):
            late.append(amend(room))
        return Accepted(250, "ok")

    late: list[Amended] = []
    plan(room)
    room.deliver(NOON, MemoryBackend(answer))
    # While Bob's mail was on the wire all four were; nobody was known to have it.
    assert late[0].pursued == Pursued()
    with room.database.read() as connection:
        assert len(open_corrections(connection)) == 1
    drain_ledger(room.desk, room.backend, clock=lambda: NOON + MINUTE)
    assert sorted(row.email for row in notices(room)) == sorted(map(mail_of, READERS))
    assert {row.state for row in notices(room)} == {S.ACCEPTED}
    drain_ledger(room.desk, room.backend, clock=lambda: NOON + timedelta(hours=2))
    with room.database.read() as connection:
        assert open_corrections(connection) == []
    assert_sound(room)


def test_a_correction_of_what_the_source_mended_by_itself(room: Newsroom) -> None:
    """The corrected text came by import: who has it is right, who has the old one is told."""
    room.send()
    room.publish("one", "china", title="A bridge of 300 m")
    room.read_by(mail_of("eve"))
    room.follow(mail_of("eve"), "china")
    with room.database.write() as connection:
        connection.execute(text("UPDATE follows SET cursor_at = '2026-03-01 00:00:00'"))
    room.send(as_of=NOON + DAY)
    amended = correct_story(
        room.desk, "one", Amendment(CorrectionKind.CORRECTION, "Length"), now=NOON + DAY
    )
    assert (amended.correction.wrong_revision, amended.correction.right_revision) == (1, 2)
    assert [row.email for row in notices(room)] == list(map(mail_of, READERS))


def test_a_retraction_after_a_correction_answers_to_both(room: Newsroom) -> None:
    room.send()
    amend(room, CORRECT)
    amend(room, RETRACT)
    rows = [row for row in notices(room) if row.email == mail_of("ann")]
    assert [row.occasion for row in rows] == [Occasion.CORRECTION, Occasion.RETRACTION]
    digest = next(r for r in room.deliveries() if r.email == mail_of("ann"))
    assert rows[0].thread == (digest.message_id,)
    room.deliver(NOON + MINUTE)
    assert_sound(room)


def test_a_correction_not_sent_yet_is_not_what_a_retraction_answers(room: Newsroom) -> None:
    room.send()
    amend(room, CORRECT)
    room.deliver(NOON + MINUTE)
    amend(room, RETRACT)
    first, second = (row for row in notices(room) if row.email == mail_of("ann"))
    assert second.thread == (*first.thread, first.message_id)


def test_explain_tells_of_it(room: Newsroom) -> None:
    room.send()
    amend(room)
    room.deliver(NOON + MINUTE)
    told = explain_story(room.database, mail_of("ann"), "one", as_of=NOON)
    assert told.verdict is Verdict.SENT
    assert "at revision 1; the retraction went in delivery 5, accepted 2026-" in told.text


def test_nobody_new_gets_a_retracted_story(room: Newsroom) -> None:
    amend(room)
    room.send()
    assert {uid for _, uid in room.given()} == {"two"}


@pytest.mark.parametrize(
    ("amendment", "words"),
    [
        (Amendment(CorrectionKind.CORRECTION, " "), "--note is empty"),
        (Amendment(CorrectionKind.CORRECTION, "x", wrong_revision=7), "has no revision 7"),
    ],
)
def test_what_cannot_be_amended_changes_nothing(
    room: Newsroom, amendment: Amendment, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        amend(room, amendment)
    with room.database.read() as connection:
        assert open_corrections(connection) == []


def test_a_retracted_story_is_not_corrected(room: Newsroom) -> None:
    amend(room)
    with pytest.raises(InputError, match="was retracted"):
        amend(room, CORRECT)
