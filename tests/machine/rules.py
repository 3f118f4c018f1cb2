"""The machine: what people, programs and bad luck do to a newsroom, in any order."""

import copy
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from mailer.core.deliveries import TERMINAL, DeliveryState, InDoubtPolicy
from mailer.core.readers import Cadence
from mailer.core.runs import RunState
from mailer.errors import InputError
from mailer.flows.check_ledger import check_ledger
from mailer.flows.draft_plan import draft_plan
from mailer.flows.drain_ledger import drain_ledger
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.recover import recover
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.flows.steer_run import Steer, steer_run
from mailer.store.database import Database
from mailer.store.ledger_lease import claim
from mailer.store.ledger_reading import doubtful_deliveries, list_deliveries
from mailer.store.runs import list_runs
from mailer.store.schedules import list_schedules
from mailer.store.tables import schedules
from tests.flows.conftest import DAY
from tests.machine.model import START, slot_days
from tests.machine.people import People, cadences, readers, topics
from tests.machine.server import ANSWERS, DiedError

# Most mail is taken: a script begins where something happens.
scripts = st.lists(st.sampled_from(ANSWERS), max_size=3)
# Under and over a lease, to the next issue, over a weekend.
steps = st.sampled_from([timedelta(seconds=20), timedelta(minutes=10), 6 * DAY / 24, DAY, 3 * DAY])


@contextmanager
def planning() -> Iterator[None]:
    """Say what it means when only the database's own constraint keeps a plan from being made."""
    try:
        yield
    except IntegrityError as error:
        raise AssertionError(f"I1: a story was to be given twice: {error.orig}") from error


class Machine(People):
    """Programs and bad luck: runs, workers, servers, clocks, backups."""

    @rule(step=steps)
    def time_passes(self, step: timedelta) -> None:
        self.world.now += step

    @rule()
    def schedulers_tick(self) -> None:
        looked_at = self.schedules_looked_at()
        open_due_runs(self.database, now=self.now)
        again = open_due_runs(self.database, now=self.now)
        assert not again.opened, "I4: a slot was opened twice"
        assert not again.skipped, "I4: a slot was opened twice"
        # Another looks who saw the schedules before the first had moved them on.
        self.schedules_looked_at(looked_at)
        again = open_due_runs(self.database, now=self.now)
        assert not again.opened, "I4: two who looked at once opened a slot each"
        with self.database.read() as connection:
            keys = [run.slot_key for run in list_runs(connection, limit=1000)]
        slots = [key for key in keys if key.startswith("schedule/")]
        days = slot_days(START, self.now)
        assert len(slots) == len(days), f"I4: {len(slots)} slots on record for {days}"

    @rule(cadence=cadences, plans=st.booleans())
    def an_operator_sends(self, cadence: Cadence, plans: bool) -> None:
        run = open_run(self.database, "asia", cadence, as_of=self.now, now=self.now)
        if not plans:
            return  # Its bell is lost.
        drafts = [
            draft_plan(self.newsroom.desk, "asia", cadence, as_of=self.now).plan_hash
            for _ in range(2)
        ]
        with planning():
            plan_run(self.newsroom.desk, run.run_id, now=self.now)
        assert not plan_run(self.newsroom.desk, run.run_id, now=self.now), "I8: planned twice"
        if run.created:
            planned = self.newsroom.run(run.run_id).plan_hash
            assert {*drafts, planned} == {planned}, "I6: one plan, several hashes"

    def schedules_looked_at(self, then: dict[int, Any] | None = None) -> dict[int, Any]:
        """Return until when each schedule was looked at; with `then`, make it that again."""
        with self.database.write() as connection:
            for schedule_id, at in (then or {}).items():
                connection.execute(
                    update(schedules)
                    .where(schedules.c.id == schedule_id)
                    .values(looked_until_at=at)
                )
            return {one.id: one.looked_until_at for one in list_schedules(connection)}

    @rule(email=readers, topics=topics, script=scripts, step=steps)
    def a_story_goes_out_at_once(
        self, email: str, topics: set[str], script: list[str], step: timedelta
    ) -> None:
        self.goes_out(Cadence.INSTANT, email, topics, script, step)

    @rule(email=readers, topics=topics, script=scripts, step=steps)
    def a_story_goes_out_in_an_issue(
        self, email: str, topics: set[str], script: list[str], step: timedelta
    ) -> None:
        self.goes_out(Cadence.DAILY, email, topics, script, step)

    def goes_out(
        self, cadence: Cadence, email: str, topics: set[str], script: list[str], step: timedelta
    ) -> None:
        """What happens most, in one step: a story, its mail, bad luck, and a second look."""
        self.follow(email, "asia", cadence)
        self.world.now += timedelta(minutes=1)
        self.publish(("China",), topics, 0)
        self.world.now += timedelta(minutes=1)
        self.an_operator_sends(cadence, plans=True)
        self.a_worker_drains(script)
        self.world.now += step
        self.a_worker_drains([])

    @rule(script=scripts)
    def a_worker_drains(self, script: list[str]) -> None:
        self.server.script.extend(script)
        with suppress(DiedError), self.server.until_killed():
            self.drain()
            # A bell rung twice finds nothing.
            sent = self.world.sent_count
            self.drain()
            # An alert whose answer was lost goes out once more, whoever looks.
            assert script or sent == self.world.sent_count, "I3: a second bell sent"
        self.server.script.clear()

    @rule()
    def a_worker_dies_with_a_claim(self) -> None:
        with self.database.write() as connection:
            claim(connection, limit=2, now=self.now)

    @rule(data=st.data())
    def an_operator_settles_a_doubt(self, data: st.DataObject) -> None:
        with self.database.read() as connection:
            doubtful = doubtful_deliveries(connection)
        for row in doubtful[:1]:
            self.resolve(row.id, resends=data.draw(st.booleans()))

    @rule()
    @precondition(lambda self: self.backup is None)
    def a_backup_is_made(self) -> None:
        if (self.folder / "mailer.db").exists():
            with sqlite3.connect(self.folder / "mailer.db") as live:
                (self.folder / "backup.db").unlink(missing_ok=True)
                live.execute("VACUUM INTO ?", [str(self.folder / "backup.db")])
            live.close()
            self.backup = copy.deepcopy(self.world)

    @rule()
    @precondition(lambda self: self.backup is not None)
    def the_backup_is_restored(self) -> None:
        assert self.backup is not None
        sent, now = self.world.sent_count, self.now
        has_sent_since = sent > self.backup.sent_count
        self.database.close()
        for name in ("mailer.db", "mailer.db-wal", "mailer.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(self.folder / "backup.db", self.folder / "mailer.db")
        opened = Database.open(f"sqlite:///{self.folder / 'mailer.db'}")
        # Our worker lives on: what it keeps in memory is of another time.
        self.newsroom.desk = replace(self.newsroom.desk, database=opened)
        guard = self.newsroom.desk.guard
        if has_sent_since:
            assert guard.strangeness(opened), "I1: nobody noticed that the database is an old one"
        if guard.strangeness(opened):
            guard.accept(opened, actor="test", now=now)
        self.world, self.backup = self.backup, None
        self.world.now = now + timedelta(minutes=1)
        self.server.desk, self.server.world = self.newsroom.desk, self.world

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "server"):
            assert not self.server.breaches, self.server.breaches
            assert not self.world.twice(), f"I1: twice {self.world.twice()}"

    def drain(self) -> None:
        with planning():
            drain_ledger(
                self.newsroom.desk,
                self.newsroom.backend,
                clock=lambda: self.now,
                window=1,
                policy=InDoubtPolicy.HOLD,
            )
        with self.database.read() as connection:
            states = {run.id: run.state for run in list_runs(connection, limit=1000)}
        unplanned = [run for run, state in states.items() if state is RunState.PLANNING]
        assert not unplanned, f"I3: nobody rang for runs {unplanned}, and nobody looked"

    def resolve(self, delivery_id: int, *, resends: bool) -> None:
        """Settle a doubt as an operator who saw the server's log, or sends on purpose again."""
        if self.world.copies[delivery_id] and not resends:
            resolve_delivery(self.database, delivery_id, Resolution.ACCEPT, now=self.now)
            return
        with suppress(InputError):
            resolve_delivery(self.database, delivery_id, Resolution.RESEND, now=self.now)
            self.world.resends[delivery_id] += 1

    def heal(self) -> None:
        """Let everything work again for a while; then nobody may be owed anything (I2)."""
        self.promises_hold()
        # An hour before the operator comes: what is in doubt waits for him (I1).
        for _ in range(3):
            self.world.now += timedelta(minutes=20)
            self.drain()
        self.promises_hold()
        for _ in range(3):
            self.world.now += 5 * DAY
            with self.database.read() as connection:
                waiting = [
                    run for run in list_runs(connection, limit=1000) if run.state is RunState.PAUSED
                ]
                doubtful = doubtful_deliveries(connection)
            for run in waiting:
                self.steer(run.id)
            for row in doubtful:
                self.resolve(row.id, resends=False)
            open_due_runs(self.database, now=self.now)
            for cadence in (Cadence.INSTANT, Cadence.DAILY, Cadence.WEEKLY):
                open_run(self.database, "asia", cadence, as_of=self.now, now=self.now)
            self.drain()
        self.promises_hold()
        recover(self.database, now=self.now)
        broken = [f for f in check_ledger(self.database, now=self.now) if f.count]
        promise = "I5" if any("consent" in f.invariant.name for f in broken) else "I1"
        assert not broken, f"{promise}: the ledger says so itself: {broken}"
        with self.database.read() as connection:
            rows = list_deliveries(connection, limit=10_000)
        # What may have reached her counts as given, too: its doubt is the reason on record, as
        # the server's refusal is of what he refused.
        had = {
            (row.email, item.uid)
            for row in rows
            for item in row.items
            if row.state in TERMINAL and (item.given or row.state is DeliveryState.REFUSED)
        }
        assert self.world.owed() <= had, f"I2: lost {self.world.owed() - had}"

    def steer(self, run_id: int) -> None:
        desk: Any = self.newsroom.desk
        steer_run(
            self.database,
            run_id,
            Steer.RESUME,
            now=self.now,
            signer=desk.signer,
            throttle=desk.throttle,
        )
