"""Operators' letters: tested first, to whom they are meant, through the ledger."""

import email
import email.policy
from datetime import time, timedelta
from email.message import EmailMessage

import pytest

from mailer.core.adhoc_letters import read_letter_text
from mailer.core.clocks import QuietHours
from mailer.core.deliveries import DeliveryState
from mailer.core.operators import Role
from mailer.core.readers import MailFormat
from mailer.core.runs import RunState
from mailer.delivery.memory import MemoryBackend
from mailer.errors import InputError, NotFoundError
from mailer.flows.add_operator import add_operator
from mailer.flows.check_ledger import check_ledger
from mailer.flows.pause_reader import pause_reader
from mailer.flows.plan_run import plan_run
from mailer.flows.preview_mail import rebuild_mail
from mailer.flows.reach_of_letter import reach_of_letter
from mailer.flows.send_letter import send_letter
from mailer.flows.steer_run import Steer, steer_run
from mailer.flows.try_letter import try_letter
from mailer.ports import Accepted, Message, Outcome, Refused
from mailer.store.adhoc_letters import add_letter, change_letter, find_letter, remove_letter
from mailer.store.audit import list_changes
from mailer.store.readers import suppress
from tests.flows.conftest import MINUTE, NOON, Newsroom

SOURCE = """Dear {% if name %}{{ name }}{% else %}reader{% endif %},

**{{ newsletter }}** moves to [seven in the morning](https://news.example/seven?a=1&b=2).

- no ads
- no trackers
"""
BOSS = "boss@news.example"


@pytest.fixture
def letter_id(newsroom: Newsroom) -> int:
    """A draft to all who get stories of China, and somebody who may test it."""
    staff(newsroom)
    text = read_letter_text("asia", "We <move> at dawn", SOURCE, "china")
    with newsroom.database.write() as connection:
        return add_letter(connection, text, BOSS, NOON)


def staff(newsroom: Newsroom) -> None:
    add_operator(
        newsroom.database,
        BOSS,
        role=Role.ADMIN,
        name="The Boss",
        password="correct horse battery",
        actor="test",
        now=NOON,
    )


def people(newsroom: Newsroom) -> None:
    newsroom.read_by("ada@r.example", name='Ada "A&B" <x>')
    newsroom.follow("ada@r.example", "asia", "weekly")
    newsroom.read_by("bo@r.example", format=MailFormat.TEXT)
    newsroom.follow("bo@r.example", "china & trade")
    newsroom.follow("bo@r.example", "china", "instant")
    newsroom.read_by("cy@r.example")
    newsroom.follow("cy@r.example", "japan")


def try_it(newsroom: Newsroom, letter_id: int) -> MemoryBackend:
    backend = MemoryBackend()
    try_letter(newsroom.desk, backend, letter_id, to=BOSS, actor=BOSS, now=NOON)
    return backend


def sent(newsroom: Newsroom, letter_id: int, shard_readers: int = 1000) -> int:
    run_id = send_letter(
        newsroom.desk, letter_id, actor=BOSS, now=NOON, shard_readers=shard_readers
    ).run_id
    plan_run(newsroom.desk, run_id, now=NOON)
    return run_id


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def steer(newsroom: Newsroom, run_id: int, action: Steer) -> None:
    desk = newsroom.desk
    steer_run(desk.database, run_id, action, now=NOON, signer=desk.signer, throttle=desk.throttle)


def refuse_text(message: Message) -> Outcome:
    """The server refuses whoever wants text alone, for a reason that is not the address."""
    if b"multipart" in message.content:
        return Accepted(250, "ok")
    return Refused(554, "5.7.1 content refused")


def test_a_letter_goes_to_those_it_is_for_and_to_nobody_else(
    newsroom: Newsroom, letter_id: int
) -> None:
    people(newsroom)
    reach = reach_of_letter(newsroom.database, "asia", "china", as_of=NOON)
    assert (reach.reader_count, reach.asked_count) == (2, 3)
    assert [(each.value, count) for each, count in reach.by_cadence] == [
        ("instant", 1),
        ("weekly", 1),
    ]
    assert reach.some == ("ada@r.example", "bo@r.example")
    try_it(newsroom, letter_id)
    run_id = sent(newsroom, letter_id)
    newsroom.deliver(NOON)
    run = newsroom.run(run_id)
    assert (run.state, run.planned_count, run.nothing_new_count) == (RunState.DONE, 2, 1)
    assert run.counts == {DeliveryState.ACCEPTED: 2}
    assert [row.what for row in newsroom.deliveries()] == ["letter", "letter"]
    ada, bo = [
        email.message_from_bytes(one.content, policy=email.policy.default)
        for one in newsroom.backend.messages
    ]
    assert ada["Subject"] == "We <move> at dawn"
    assert ada["From"].addresses[0].addr_spec == "asia@news.example"
    assert ada["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert ada["List-Unsubscribe"] != bo["List-Unsubscribe"]
    assert ada["Precedence"] == "bulk"
    assert ada["Auto-Submitted"] is None
    text = part(ada, "plain")
    assert 'Dear Ada "A&B" <x>,' in text
    html = part(ada, "html")
    assert "A&amp;B" in html
    assert "<x>" not in html
    assert "<strong>Asia Today</strong> moves to" in html
    assert ada["List-Unsubscribe"].strip("<>") in text
    assert ada["List-Unsubscribe"].strip("<>") in html
    assert "because ada@r.example subscribed to Asia Today" in " ".join(html.split())
    assert bo.get_body(("html",)) is None
    assert "Dear reader," in part(bo, "plain")
    assert "stamp.invalid" not in text + html
    assert not [f for f in check_ledger(newsroom.database, now=NOON) if f.count]


def test_what_was_not_tested_is_not_sent(newsroom: Newsroom, letter_id: int) -> None:
    people(newsroom)
    with pytest.raises(InputError, match="was not tested"):
        send_letter(newsroom.desk, letter_id, actor=BOSS, now=NOON)
    with pytest.raises(NotFoundError):
        try_letter(
            newsroom.desk, MemoryBackend(), letter_id, to="x@y.example", actor=BOSS, now=NOON
        )
    refusing = MemoryBackend(lambda _: Refused(550, "no such user"))
    tried = try_letter(newsroom.desk, refusing, letter_id, to=BOSS, actor=BOSS, now=NOON)
    assert isinstance(tried.outcome, Refused)
    with pytest.raises(InputError, match="was not tested"):
        send_letter(newsroom.desk, letter_id, actor=BOSS, now=NOON)
    backend = try_it(newsroom, letter_id)
    [mail] = [email.message_from_bytes(one.content) for one in backend.messages]
    assert str(mail["Subject"]) == "[Preview] We <move> at dawn"
    other = read_letter_text("asia", "We move at noon", SOURCE, "china")
    with newsroom.database.write() as connection:
        change_letter(connection, letter_id, other, BOSS, NOON)
    with pytest.raises(InputError, match="was not tested"):
        send_letter(newsroom.desk, letter_id, actor=BOSS, now=NOON)
    assert newsroom.deliveries() == []


def test_a_letter_that_reaches_nobody_is_not_sent(newsroom: Newsroom) -> None:
    staff(newsroom)
    people(newsroom)
    text = read_letter_text("asia", "To nobody", "Hello.", "sport")
    with newsroom.database.write() as connection:
        letter_id = add_letter(connection, text, BOSS, NOON)
    assert reach_of_letter(newsroom.database, "asia", "sport", as_of=NOON).reader_count == 0
    try_it(newsroom, letter_id)
    with pytest.raises(InputError, match="nobody would get letter"):
        send_letter(newsroom.desk, letter_id, actor=BOSS, now=NOON)
    with newsroom.database.read() as connection:
        assert find_letter(connection, letter_id).run_id is None


def test_a_letter_that_clients_would_cut_off_is_not_even_tested(
    newsroom: Newsroom, letter_id: int
) -> None:
    source = "{% for i in range(3000) %}{{ 'ä' * 9 }} {% endfor %}"
    long = read_letter_text("asia", "Long", source, "*")
    with newsroom.database.write() as connection:
        change_letter(connection, letter_id, long, BOSS, NOON)
    with pytest.raises(InputError, match="KB: at most 100"):
        try_it(newsroom, letter_id)


def test_a_letter_is_sent_once_and_stays_as_it_was(newsroom: Newsroom, letter_id: int) -> None:
    people(newsroom)
    try_it(newsroom, letter_id)
    run_id = sent(newsroom, letter_id)
    again = send_letter(newsroom.desk, letter_id, actor=BOSS, now=NOON + MINUTE)
    assert (again.run_id, again.created) == (run_id, False)
    with newsroom.database.write() as connection:
        text = find_letter(connection, letter_id).text
        with pytest.raises(InputError, match="was sent"):
            change_letter(connection, letter_id, text, BOSS, NOON)
        with pytest.raises(InputError, match="was sent"):
            remove_letter(connection, letter_id)
        said = [entry.action for entry in list_changes(connection, actor=BOSS)]
    assert said == ["letter sent", "letter tested"]
    newsroom.deliver(NOON)
    row = newsroom.deliveries()[0]
    assert rebuild_mail(newsroom.desk, row.id).content == newsroom.backend.messages[0].content


def test_planning_stops_and_goes_on_where_it_was(newsroom: Newsroom, letter_id: int) -> None:
    people(newsroom)
    try_it(newsroom, letter_id)
    run_id = sent(newsroom, letter_id, shard_readers=1)
    run = newsroom.run(run_id)
    assert (run.shard_count, run.planned_shard_count, run.planned_count) == (4, 4, 2)
    steer(newsroom, run_id, Steer.PAUSE)
    newsroom.deliver(NOON)
    assert newsroom.run(run_id).counts == {DeliveryState.QUEUED: 2}
    steer(newsroom, run_id, Steer.RESUME)
    plan_run(newsroom.desk, run_id, now=NOON)
    newsroom.deliver(NOON, MemoryBackend(refuse_text))
    steer(newsroom, run_id, Steer.RETRY)
    newsroom.deliver(NOON)
    counts = newsroom.run(run_id).counts
    assert counts[DeliveryState.ACCEPTED] + counts.get(DeliveryState.WITHHELD, 0) == 2
    assert not [f for f in check_ledger(newsroom.database, now=NOON) if f.count]


def test_whoever_must_get_nothing_gets_no_letter(newsroom: Newsroom, letter_id: int) -> None:
    people(newsroom)
    try_it(newsroom, letter_id)
    for name, quiet in (("dee", None), ("eve", QuietHours(time(11), time(13)))):
        newsroom.read_by(f"{name}@r.example", quiet=quiet)
        newsroom.follow(f"{name}@r.example", "china")
    sent(newsroom, letter_id)
    with newsroom.database.write() as connection:
        suppress(connection, "ada@r.example", "hard bounce", "test", NOON)
    pause_reader(newsroom.database, "bo@r.example", "2026-03-14", actor=BOSS, now=NOON)
    newsroom.deliver(NOON)
    states = {row.email: (row.state.value, row.state_reason) for row in newsroom.deliveries()}
    assert states == {
        "ada@r.example": ("withheld", "suppressed"),
        "bo@r.example": ("withheld", "paused"),
        "dee@r.example": ("accepted", "accepted"),
        "eve@r.example": ("queued", ""),
    }
    newsroom.deliver(NOON + timedelta(hours=1))
    assert newsroom.deliveries()[-1].state is DeliveryState.ACCEPTED


@pytest.mark.parametrize(
    ("subject", "source", "told"),
    [
        ("", "x", "needs a subject"),
        ("x" * 200, "x", "too long"),
        ("x", " ", "needs a text"),
        ("x", "y" * 20_001, "at most 20,000"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(subject: str, source: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_letter_text("asia", subject, source, "*")
