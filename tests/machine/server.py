"""The mail server of the machine: answers as it was told, and looks at everything it is offered."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pytest

from mailer.core.deliveries import DeliveryState, MailKind
from mailer.flows.build_mail import build_mail
from mailer.flows.desk import Desk
from mailer.flows.write_letters import write_rows
from mailer.ports import Accepted, Deferred, InDoubt, Message, Outcome, Refused
from mailer.render.sameness import difference
from mailer.store.database import Connection, Database
from mailer.store.ledger_reading import DeliveryRow, find_delivery
from mailer.store.tags import read_vocabulary
from tests.machine.model import World

# What may happen to a message; "lost" is an answer we never hear, "died" the end of our process,
# which may still tell the database, and "killed" the same without a word.
ANSWERS = (
    "accepted",
    "deferred",
    "refused",
    "no such user",
    "taken and lost",
    "lost",
    "taken and died",
    "died",
    "taken and killed",
    "killed",
    "taken as she leaves",
    "taken as the others leave",
)


class DiedError(BaseException):
    """The worker's process is gone."""


class Server:
    """Keeps to its script, then accepts; breaches of promises are gathered, in words."""

    def __init__(
        self,
        desk: Desk,
        world: World,
        leave: Callable[[str], None],
        leave_but: Callable[[str], None],
    ) -> None:
        self.desk = desk
        self.world = world
        self.leaving = {
            "taken as she leaves": leave,
            "taken as the others leave": leave_but,
        }
        self.script: deque[str] = deque()
        self.breaches: list[str] = []
        self._is_killed = False

    @contextmanager
    def until_killed(self) -> Iterator[None]:
        """Let no write of a worker reach the database once it was killed."""
        write = Database.write

        def write_alive(database: Database, **how: bool) -> AbstractContextManager[Connection]:
            if self._is_killed:
                raise DiedError
            return write(database, **how)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "write", write_alive)
            try:
                yield
            finally:
                self._is_killed = False

    def __call__(self, message: Message) -> Outcome:
        """Look at a message, and answer."""
        with self.desk.database.read() as connection:
            row = find_delivery(connection, message.delivery_id)
            vocabulary = read_vocabulary(connection)
            (paper,) = write_rows(connection, [row], vocabulary)
        self._look(message, row)
        plain = build_mail(self.desk, paper, vocabulary).content
        if unlike := difference(message.content, plain):
            self.breaches.append(f"I7: delivery {row.id} is not as the plain way has it: {unlike}")
        answer = self.script.popleft() if self.script else "accepted"
        if answer.startswith(("accepted", "taken")):
            self._take(row)
        if row.kind is not MailKind.DIGEST:
            # These go out once more when in doubt, whatever the policy.
            self.world.resends[row.id] += answer.endswith(("lost", "died", "killed"))
        if answer.endswith("killed"):
            self._is_killed = True
        if answer.endswith(("died", "killed")):
            raise DiedError
        if answer in self.leaving:
            self.leaving[answer](message.recipient)
        if answer.endswith("lost"):
            return InDoubt("the connection was lost")
        if answer == "no such user":
            self.world.readers[message.recipient].is_suppressed = True
        answers: dict[str, Outcome] = {
            "deferred": Deferred(451, "4.7.1 greylisted"),
            "refused": Refused(550, "5.7.1 not here"),
            "no such user": Refused(550, "5.1.1 unknown", suppress=True),
        }
        return answers.get(answer, Accepted(250, "2.0.0 ok"))

    def _take(self, row: DeliveryRow) -> None:
        self.world.sent_count += 1
        self.world.copies[row.id] += 1
        if row.kind is not MailKind.NOTICE:
            for item in row.items:
                self.world.brought[row.email, item.uid].add(row.id)

    def _look(self, message: Message, row: DeliveryRow) -> None:
        reader = self.world.readers[message.recipient]
        if row.state is not DeliveryState.TRANSMITTING:
            self.breaches.append(f"I1: delivery {row.id} was offered while {row.state}")
        is_news = row.kind is not MailKind.NOTICE
        may_go = reader.may_get_news(self._now) and row.id > reader.left_after_id
        if (is_news and not may_go) or reader.is_suppressed:
            self.breaches.append(f"I5: delivery {row.id} went to {reader.email} unasked")
        offered = (message.message_id, message.content)
        if self.world.contents.setdefault(row.id, offered) != offered:
            self.breaches.append(f"I6: delivery {row.id} left with other bytes than before")

    @property
    def _now(self) -> datetime:
        return self.world.now
