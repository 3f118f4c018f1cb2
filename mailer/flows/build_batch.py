"""Build a batch: from leased deliveries and their letters and notices to what leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from mailer.core.addresses import Address, read_address
from mailer.core.deliveries import LeasedDelivery
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.notices import Notice
from mailer.core.tags import Vocabulary
from mailer.flows.build_mail import build_mail
from mailer.flows.desk import Desk
from mailer.flows.print_batch import OfRun, print_batch
from mailer.flows.write_letters import write_rows
from mailer.store.ledger_reading import read_deliveries

# Templates and cssutils keep state of their own, and it is the processor's work.
_BUILDING = Lock()


@dataclass(slots=True)
class Built:
    """A message and where it goes, or the error that kept it from being built."""

    address: Address | None = None
    sender: str = ""
    content: bytes = b""
    error: Exception | None = None

    @property
    def reason(self) -> str:
        """Return the error in words for the ledger."""
        told = f"cannot be built: {type(self.error).__name__}: {self.error}"
        return clean_header(told, 500)


def build_batch(desk: Desk, leased: Sequence[LeasedDelivery], *, now: datetime) -> list[Built]:
    """Return what became of each, in order; one that cannot be built harms no other."""
    with desk.database.read() as connection:
        vocabulary = desk.vocabularies.read(connection)
        rows = read_deliveries(connection, [row.id for row in leased])
        papers = write_rows(connection, rows, vocabulary, desk.shelf)
    with _BUILDING:
        return _built(desk, leased, papers, vocabulary, now)


def _built(
    desk: Desk,
    leased: Sequence[LeasedDelivery],
    papers: Sequence[Letter | Notice],
    vocabulary: Vocabulary,
    now: datetime,
) -> list[Built]:
    built = [Built() for _ in papers]
    letters: list[tuple[Built, OfRun]] = []
    for row, paper, one in zip(leased, papers, built, strict=True):
        try:
            one.address = read_address(paper.email)
            if isinstance(paper, Letter) and row.run_id is not None:
                one.sender = paper.newsletter.sender_address
                letters.append((one, OfRun(row.run_id, paper, one.address)))
                continue
            mail = build_mail(desk, paper, vocabulary)
            one.sender, one.content = mail.sender, mail.content
        except Exception as error:  # noqa: BLE001 - a template of somebody else's may do anything
            one.error = error
    printed = print_batch(desk, [letter for _, letter in letters], vocabulary, now=now)
    for (one, _), content in zip(letters, printed, strict=True):
        one.content, one.error = content.content, content.error
    return built
