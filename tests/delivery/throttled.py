"""A throttle under test, and the only clock it sees."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailer.core.throttles import DomainState, Feedback, Permit, RelayVerdict, Verdict
from mailer.ports import Throttle

START = datetime(2026, 10, 22, 7, tzinfo=UTC)


@dataclass
class Subject:
    """A throttle and the only clock it sees."""

    throttle: Throttle
    now: datetime = START

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ask(self, *domains: str, relay: str = "relay") -> Permit:
        return self.throttle.ask(relay, domains, now=self.now)

    def tell(
        self,
        permit: Permit,
        *words: tuple[str, Verdict],
        relay: str = "relay",
        verdict: RelayVerdict = RelayVerdict.WORKS,
    ) -> None:
        feedback = [Feedback(domain, word, f"said {word.name}") for domain, word in words]
        self.throttle.tell(relay, permit, feedback, verdict, now=self.now)

    def go(self, domain: str, *verdicts: Verdict) -> None:
        """Send one after another, each when it may go."""
        for verdict in verdicts:
            permit = self.ask(domain)
            while permit.waits[0] != 0:
                self.later(max(permit.waits[0], permit.hold_seconds, 0.01))
                permit = self.ask(domain)
            self.tell(permit, (domain, verdict))

    def fail_relay(self) -> None:
        self.tell(self.ask("a.test"), ("a.test", Verdict.SILENT), verdict=RelayVerdict.FAILED)

    def states(self) -> list[DomainState]:
        return self.throttle.domain_states(now=self.now)

    def closed(self) -> float:
        return self.throttle.closed_seconds("relay", now=self.now)


def went(permit: Permit) -> int:
    return sum(wait == 0 for wait in permit.waits)
