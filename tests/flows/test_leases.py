"""Leases while a worker is slow, frozen, stopped or told to end."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailer.core.deliveries import LEASE, DeliveryState
from mailer.core.readers import Cadence
from mailer.delivery.memory import MemoryBackend
from mailer.flows.build_batch import Built
from mailer.flows.check_ledger import check_ledger
from mailer.flows.deliver_run import Delivered, deliver_run
from mailer.flows.keep_leases import keep_leases
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.recover import recover
from mailer.ports import Accepted, Message, Outcome
from mailer.render.mail import Renderer
from mailer.store.database import Database
from mailer.store.ledger_reading import events_of
from tests.builders import NOON
from tests.flows.conftest import Newsroom
from tests.flows.ledger import open_ledger
from tests.store.rows import delivery

S = DeliveryState
SECOND = timedelta(seconds=1)


class Watch:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def planned(newsroom: Newsroom, count: int) -> None:
    newsroom.publish("one", "China")
    for number in range(count):
        newsroom.read_by(f"reader{number}@reader.example")
        newsroom.follow(f"reader{number}@reader.example", "china")
    run_id = open_run(newsroom.database, "asia", Cadence.DAILY, as_of=NOON, now=NOON).run_id
    plan_run(newsroom.desk, run_id, now=NOON)


def deliver(
    newsroom: Newsroom,
    answers: Callable[[Message], Outcome],
    clock: Callable[[], datetime],
    window: int = 1,
) -> tuple[MemoryBackend, Delivered]:
    backend = MemoryBackend(answers)
    return backend, deliver_run(newsroom.desk, backend, clock=clock, window=window)


def states(newsroom: Newsroom) -> list[DeliveryState]:
    return [row.state for row in newsroom.deliveries()]


def broken(newsroom: Newsroom, now: datetime) -> list[str]:
    return [f.invariant.name for f in check_ledger(newsroom.database, now=now) if f.count]


def test_slow_windows_do_not_cost_the_next_ones_their_lease(newsroom: Newsroom) -> None:
    planned(newsroom, 5)
    watch = Watch()

    def slowly(_: Message) -> Outcome:
        watch.now += 45 * SECOND
        assert recover(newsroom.database, now=watch.now).released_count == 0
        return Accepted(250, "ok")

    backend, done = deliver(newsroom, slowly, watch)

    assert len(backend.messages) == 5
    assert done.counts == {S.ACCEPTED: 5}
    assert broken(newsroom, watch.now) == []


@pytest.mark.parametrize("reaped", [False, True], ids=["alone", "its lease was taken"])
def test_a_worker_frozen_behind_the_mark_sends_nothing_when_it_wakes(
    newsroom: Newsroom, reaped: bool
) -> None:
    planned(newsroom, 1)
    watch = Watch()

    def clock() -> datetime:
        if watch.now == NOON and states(newsroom) == [S.TRANSMITTING]:
            watch.now += LEASE + SECOND
            if reaped:
                recover(newsroom.database, now=watch.now)
        return watch.now

    backend, _ = deliver(newsroom, lambda _: Accepted(250, "ok"), clock)

    [row] = newsroom.deliveries()
    assert backend.offered == []
    assert (row.state, row.attempt_count) == (S.QUEUED, 0)
    assert "away for longer than its lease" in row.reply
    newsroom.deliver(row.not_before_at)
    assert states(newsroom) == [S.ACCEPTED]
    assert broken(newsroom, row.not_before_at) == []


def test_an_answer_after_the_lease_was_taken_still_counts(newsroom: Newsroom) -> None:
    planned(newsroom, 1)
    watch = Watch()

    def slowly(_: Message) -> Outcome:
        watch.now += LEASE + SECOND
        assert recover(newsroom.database, now=watch.now).in_doubt_count == 1
        return Accepted(250, "ok at last")

    _, done = deliver(newsroom, slowly, watch)

    assert done.counts == {S.ACCEPTED: 1}
    assert states(newsroom) == [S.ACCEPTED]
    assert broken(newsroom, watch.now) == []


def test_what_was_answered_before_an_interruption_is_kept(newsroom: Newsroom) -> None:
    planned(newsroom, 4)
    answered: list[str] = []

    def interrupted(message: Message) -> Outcome:
        answered.append(message.recipient)
        if len(answered) == 2:
            raise KeyboardInterrupt
        return Accepted(250, "ok")

    with pytest.raises(KeyboardInterrupt):
        deliver(newsroom, interrupted, lambda: NOON, window=2)

    assert states(newsroom) == [S.ACCEPTED, S.IN_DOUBT, S.QUEUED, S.QUEUED]
    assert broken(newsroom, NOON) == []


def test_a_worker_told_to_end_finishes_its_window_and_gives_the_rest_back(
    newsroom: Newsroom,
) -> None:
    planned(newsroom, 5)
    backend = MemoryBackend()

    done = deliver_run(
        newsroom.desk,
        backend,
        clock=lambda: NOON,
        window=2,
        go_on=lambda: not backend.messages,
    )

    assert done.more
    assert done.counts == {S.ACCEPTED: 2}
    assert states(newsroom) == [S.ACCEPTED] * 2 + [S.QUEUED] * 3
    assert len(newsroom.run(1).counts) == 2
    newsroom.deliver(NOON)
    assert states(newsroom) == [S.ACCEPTED] * 5


def test_a_bug_in_a_template_holds_its_mail_and_harms_no_other(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    planned(newsroom, 3)
    subject = tmp_path / "email" / "digest" / "subject.txt"
    subject.parent.mkdir(parents=True)
    subject.write_text("News {{ 1 // (mail.email != 'reader1@reader.example') }}")
    desk = newsroom.desk
    renderer = Renderer(desk.site, desk.signer, overrides=tmp_path, max_mail_bytes=100 * 1024)

    deliver_run(replace(desk, renderer=renderer), newsroom.backend, clock=lambda: NOON)

    assert states(newsroom) == [S.ACCEPTED, S.HELD, S.ACCEPTED]
    reason = newsroom.deliveries()[1].state_reason
    assert reason.startswith("cannot be built: TemplateError: template ")
    assert "subject.txt, line 1" in reason
    assert "ZeroDivisionError" in reason


def test_the_reason_it_is_held_is_harmless_in_a_terminal() -> None:
    held = Built(error=ZeroDivisionError("a filter\x1b[31m divides\x00 by zero"))
    assert held.reason == "cannot be built: ZeroDivisionError: a filter[31m divides by zero"


def test_a_mail_whose_time_ends_between_claim_and_mark_is_not_sent(newsroom: Newsroom) -> None:
    planned(newsroom, 1)
    [row] = newsroom.deliveries()
    watch = Watch()
    watch.now = row.expires_at - SECOND

    def clock() -> datetime:
        if states(newsroom) == [S.CLAIMED]:
            watch.now = row.expires_at
        return watch.now

    backend, _ = deliver(newsroom, lambda _: Accepted(250, "ok"), clock)

    assert backend.offered == []
    assert states(newsroom) == [S.EXPIRED]


def test_each_attempt_leaves_the_name_of_its_bytes(newsroom: Newsroom) -> None:
    planned(newsroom, 1)
    newsroom.deliver(NOON)

    with newsroom.database.read() as connection:
        [marked, _] = events_of(connection, 1)
    assert marked.detail.startswith("content ")


def test_leases_are_kept_while_a_server_makes_up_its_mind(database: Database) -> None:
    ledger = open_ledger(database, mails=2)
    waiting, sending = ledger.claim(limit=1), ledger.mark(limit=1)
    later = NOON + 50 * SECOND
    for batch in (waiting, sending):
        kept = threading.Event()

        def clock(kept: threading.Event = kept) -> datetime:
            kept.set()
            return later

        with keep_leases(database, batch.token, clock=clock, every_seconds=0.001):
            assert kept.wait(30)

    for delivery_id in (1, 2):
        assert delivery(database, delivery_id).lease_until_at == later + LEASE


def test_a_lease_that_ran_out_is_not_revived(database: Database) -> None:
    ledger = open_ledger(database, mails=1)
    batch = ledger.mark()
    woken = threading.Event()

    def clock() -> datetime:
        woken.set()
        return NOON + LEASE

    with keep_leases(database, batch.token, clock=clock, every_seconds=0.001):
        assert woken.wait(30)

    assert delivery(database, 1).lease_until_at == NOON + LEASE


@pytest.mark.parametrize(
    ("seconds_each", "windows"),
    [(0.0, [16, 24]), (0.1, [16, 16, 8])],
    ids=["a quick server", "a slow one"],
)
def test_windows_grow_only_where_mails_leave_quickly(
    newsroom: Newsroom, seconds_each: float, windows: list[int]
) -> None:
    planned(newsroom, 40)
    watch = Watch()
    found: list[int] = []

    class Counting(MemoryBackend):
        def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
            found.append(len(messages))
            assert states(newsroom).count(S.TRANSMITTING) == len(messages)
            watch.now += seconds_each * len(messages) * SECOND
            return super().send(messages)

    deliver_run(newsroom.desk, Counting(), clock=watch, window=64)

    assert found == windows
