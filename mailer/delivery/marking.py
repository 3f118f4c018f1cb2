"""Marks by which the notices of a mail service name our delivery, where it keeps no Message-ID.

Postmark gives a mail a Message-ID of its own unless it is told to keep ours, and hands back what
stands in `X-PM-Metadata-…` with every notice about it.
"""

from collections.abc import Callable, Iterator, Sequence

from mailer.delivery.breakers import relays_of
from mailer.delivery.dkim import with_content
from mailer.ports import Backend, Message, Outcome


class MarkingBackend:
    """Puts two lines before each message it hands on; `mark` names a delivery, sealed."""

    def __init__(self, inner: Backend, mark: Callable[[int], str]) -> None:
        self._inner = inner
        self._mark = mark
        self.name = inner.name
        self.relays = relays_of(inner)

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Send in order."""
        return self._inner.send([self._marked(message) for message in messages])

    def close(self) -> None:
        """Close the backend behind."""
        self._inner.close()

    def _marked(self, message: Message) -> Message:
        return with_content(message, marked(message.content, self._mark(message.delivery_id)))


def marked(content: bytes, mark: str) -> bytes:
    """Return a message with the two lines that name it before all others."""
    return f"X-PM-KeepID: true\r\nX-PM-Metadata-delivery: {mark}\r\n".encode("ascii") + content
