"""A newsroom whose digest is due, a mail server that counts, and processes that can be struck."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select

from mailer.core.deliveries import DeliveryState
from mailer.core.readers import Cadence
from mailer.core.runs import Run, RunState
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.flows.check_ledger import check_ledger
from mailer.flows.ingest_document import ingest_document
from mailer.flows.open_due_runs import open_due_runs
from mailer.flows.open_run import open_run
from mailer.store.database import Database
from mailer.store.ledger_tables import deliveries, runs
from mailer.store.runs import list_runs
from tests.delivery.sinks import SinkServer
from tests.deployment import CHECKOUT
from tests.faults.hooks import VARIABLE, Fault
from tests.journeys.asia import fill
from tests.journeys.processes import wait_until

_S = DeliveryState
OPEN = {_S.QUEUED, _S.CLAIMED, _S.TRANSMITTING}
DOUBTFUL = {_S.IN_DOUBT, _S.HELD}


class Nursery:
    """The process that forks those under test; see nursery.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )

    def ask(self, **order: Any) -> dict[str, int]:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        """End it with all its children."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


class CountingSink(SinkServer):
    """Counts what it accepts by recipient, and keeps the mails themselves when told to."""

    def __init__(self, *, keep: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._keep = keep
        super().__init__()

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.counts[envelope.rcpt_tos[0]] += 1
        if self._keep:
            return await super().handle_DATA(server, session, envelope)
        return "250 2.0.0 Ok"


class World:
    """One database, one mail server, and a clock that all processes share and a test may turn."""

    window = 3

    def __init__(
        self,
        nursery: Nursery,
        url: str,
        folder: Path,
        readers: int,
        *,
        keep: bool = True,
        **more: str,
    ) -> None:
        self.url, self.folder, self.readers = url, folder, readers
        self.database = Database.open(url)
        self.sink = CountingSink(keep=keep)
        self.children: list[int] = []
        self._nursery = nursery
        self._clock = folder / "clock"
        self._clock.write_text("0")
        self._ahead = 0.0
        self.environment = {
            "MAILER_DATABASE_URL": url,
            "MAILER_BACKEND": "smtp",
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "MAILER_SMTP_WINDOW": str(self.window),
        } | more
        now = datetime.now(UTC)
        fill(self.database, now, readers)
        open_due_runs(self.database, now=now)

    def close(self) -> None:
        """End what is left and close what is open."""
        for pid in list(self.children):
            os.kill(pid, signal.SIGKILL)
            self.wait(pid)
        self.sink.stop()
        self.database.close()

    # Processes

    def start(
        self,
        *words: str,
        fault: Fault | None = None,
        mutation: str = "",
        look_seconds: float = 0.2,
        idle_ms: int = 0,
        **more: str,
    ) -> int:
        """Start `mailer WORDS…` and return its pid."""
        faults = {
            "clock_file": str(self._clock),
            "look_seconds": look_seconds,
            "idle_ms": idle_ms,
            "fault": asdict(fault) if fault else None,
            "mutation": mutation,
        }
        pid = self._nursery.ask(
            start=words,
            environment=self.environment | more | {VARIABLE: json.dumps(faults)},
            log=str(self.folder / f"{len(self.children):02d}-{words[0]}.log"),
        )["pid"]
        self.children.append(pid)
        return pid

    def wait(self, pid: int) -> int:
        """Wait until a child has ended and return its exit code."""
        code = self._nursery.ask(wait=pid)["code"]
        self.children.remove(pid)
        return code

    def run(self, *words: str, **how: Any) -> int:
        """Run `mailer WORDS…` to its end and return the exit code."""
        return self.wait(self.start(*words, **how))

    def kill(self, pid: int) -> int:
        """Kill a child as `kill -9` does."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def stop_softly(self, pid: int) -> int:
        """Ask a child to end."""
        os.kill(pid, signal.SIGTERM)
        return self.wait(pid)

    def until_frozen(self, pid: int) -> None:
        """Wait until a child has stopped itself."""
        stat = Path(f"/proc/{pid}/stat")
        wait_until(
            lambda: stat.read_text().rpartition(")")[2].split()[0] == "T",
            seconds=100,
            what="a process to freeze",
            every=0.01,
        )

    def thaw(self, pid: int) -> None:
        """Let a frozen child go on."""
        os.kill(pid, signal.SIGCONT)

    def turn_clock(self, seconds: float) -> None:
        """Move the clock of every process on."""
        self._ahead += seconds
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(self._ahead))
        fresh.replace(self._clock)

    def now(self, *, days: int = 0) -> datetime:
        """What its processes think the time is, or so many days later."""
        return datetime.now(UTC) + timedelta(days=days, seconds=self._ahead)

    def publish(self, number: int) -> int:
        """Open a run of new stories, one for each half of the readers; returns its id."""
        now = self.now()
        drafts = tuple(
            StoryDraft(
                uid=f"{place.lower()}-{number}",
                title=f"News {number} from {place}",
                kicker=(place,),
                published_at=now - timedelta(minutes=1),
            )
            for place in ("China", "Japan")
        )
        ingest_document(self.database, ParsedDocument("jsonl", drafts), now=now)
        # A window is half-open: it ends behind the moment the stories came.
        as_of = now + timedelta(milliseconds=1)
        return open_run(self.database, "asia", Cadence.DAILY, as_of=as_of, now=as_of).run_id

    # What became of it

    def states(self) -> dict[str, DeliveryState]:
        """Where each reader's mail stands."""
        with self.database.read() as connection:
            rows = connection.execute(select(deliveries.c.email, deliveries.c.state))
            return {email: DeliveryState(state) for email, state in rows}

    def open_count(self) -> int:
        """How many mails can still move by themselves; a run that is not planned counts as one."""
        with self.database.read() as connection:
            unplanned = select(func.count()).where(runs.c.state == RunState.PLANNING.value)
            working = select(func.count()).where(deliveries.c.state.in_(OPEN))
            count: int = connection.execute(
                select(unplanned.scalar_subquery() + working.scalar_subquery())
            ).scalar_one()
            return count

    def run_of_today(self) -> Run:
        """The one run there is."""
        with self.database.read() as connection:
            [run] = list_runs(connection)
        return run

    def everybody(self) -> set[str]:
        """Every reader's address."""
        return {f"reader{number}@reader.example" for number in range(1, self.readers + 1)}

    def until_settled(self, *, seconds: float = 100) -> None:
        """Wait until nothing of the ledger can move by itself."""
        what = "every mail to be settled"
        try:
            wait_until(lambda: not self.open_count(), seconds=seconds, what=what)
        except AssertionError as error:
            left = Counter(self.states().values())
            raise AssertionError(f"{error}: {left}; {self.run_of_today()}\n{self.logs()}") from None

    def require_once(self, *, most_doubtful: int = 0, most_twice: int = 0) -> None:
        """Fail unless every mail arrived exactly once but those in doubt, who are this many."""
        states, received = self.states(), self.sink.counts
        doubtful = {email for email, state in states.items() if state in DOUBTFUL}
        accepted = {email for email, state in states.items() if state is _S.ACCEPTED}
        twice = {email for email, count in received.items() if count > 1}
        counts = Counter(states.values())
        assert set(states) == self.everybody(), "planned for others, or not for all"
        assert accepted <= set(received), f"recorded as accepted, never received: {states}"
        assert accepted | doubtful == self.everybody(), f"left lying: {counts}"
        assert len(doubtful) <= most_doubtful, f"too many in doubt: {counts}"
        assert len(twice) <= most_twice, f"twice: {sorted(twice)}"
        self.require_whole_ledger()

    def require_whole_ledger(self) -> None:
        """Fail when an invariant of the ledger is broken."""
        findings = check_ledger(self.database, now=datetime.now(UTC))
        assert [one for one in findings if one.count] == []

    def logs(self, pids: Sequence[int] = ()) -> str:
        """The end of every log, for a failing test."""
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def figures(self) -> dict[str, int]:
        """What a report says of the end: lost, twice, in doubt."""
        states, received = self.states(), self.sink.counts
        doubtful = {email for email, state in states.items() if state in DOUBTFUL}
        return {
            "lost": len(self.everybody() - set(received) - doubtful),
            "twice": sum(count > 1 for count in received.values()),
            "in doubt or held": len(doubtful),
        }
