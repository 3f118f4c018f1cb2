"""The guard: outside production, real mail leaves only to those who are allowed to get it.

The second line: flows withhold such mail before it is marked, so that the ledger has the reason.
This one stands in every backend that reaches the outside, whoever uses it.
"""

from collections.abc import Iterator, Sequence

from mailer.core.recipients import NOT_ALLOWED, AllowedRecipients
from mailer.delivery.breakers import relays_of
from mailer.ports import Backend, Message, Outcome, Refused

# What they write stays on this machine. A backend of somebody else's is taken to reach further.
STAYS_INSIDE = frozenset({"console", "maildir", "memory"})


class GuardedBackend:
    """Hands on what is for allowed recipients and refuses the rest, without suppressing it."""

    def __init__(self, inner: Backend, allowed: AllowedRecipients) -> None:
        self._inner = inner
        self._allowed = allowed
        self.name = inner.name
        self.relays = relays_of(inner)

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        going = [message for message in messages if self._allowed.allow(message.recipient)]
        outcomes = self._inner.send(going)
        for message in messages:
            if self._allowed.allow(message.recipient):
                outcome = next(outcomes, None)
                if outcome is None:
                    return
                yield outcome
            else:
                yield Refused(0, NOT_ALLOWED)

    def close(self) -> None:
        """Close the backend behind."""
        self._inner.close()
