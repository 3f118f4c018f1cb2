"""How long an SMTP server may take: RFC 5321 section 4.5.3.2."""

from dataclasses import dataclass
from datetime import timedelta

from mailer.delivery.smtp_replies import Phase


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take in all.

    Defaults: RFC 5321 section 4.5.3.2, but for connecting and QUIT, where waiting helps nobody.
    """

    connect: timedelta = timedelta(seconds=30)
    command: timedelta = timedelta(minutes=5)
    data: timedelta = timedelta(minutes=2)
    body: timedelta = timedelta(minutes=3)
    final: timedelta = timedelta(minutes=10)
    quit: timedelta = timedelta(seconds=5)

    def of(self, phase: Phase) -> timedelta:
        """Give the time a question of this phase has for its answer."""
        return {Phase.DATA: self.data, Phase.BODY: self.final, Phase.QUIT: self.quit}.get(
            phase, self.command
        )

    def to_say(self, phase: Phase) -> timedelta:
        """Give the time a question of this phase has to leave."""
        return self.body if phase is Phase.BODY else self.of(phase)
