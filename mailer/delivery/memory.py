"""The memory backend: keeps what it was handed, and answers what a test wants.

Each instance is a store of its own; those who share the instance share the mail.
"""

from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from mailer.ports import Accepted, Backend, BackendOptions, Message, Outcome


class MemoryBackend:
    """Keeps messages in lists: `offered` has every one in order, `messages` the accepted ones.

    `answers` decides each outcome; without it all are accepted. What it raises reaches the
    caller, which is how a test dies in the middle of a call. Threads may share a backend.
    """

    name = "memory"

    def __init__(self, answers: Callable[[Message], Outcome] | None = None) -> None:
        self.answers = answers
        self.offered: list[Message] = []
        self.messages: list[Message] = []
        self._lock = Lock()

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        for message in messages:
            outcome = self._take(message)
            yield outcome

    def _take(self, message: Message) -> Outcome:
        with self._lock:
            self.offered.append(message)
            outcome = self.answers(message) if self.answers else Accepted(250, "kept in memory")
            if isinstance(outcome, Accepted):
                self.messages.append(message)
            return outcome

    def close(self) -> None:
        """Nothing to let go of: the messages stay."""


def open_memory(options: BackendOptions) -> Backend:
    """Build the memory backend; it takes no options."""
    return MemoryBackend()
