"""A small newsroom in a fresh database, and what the flows need around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mailer.core.addresses import read_address
from mailer.core.deliveries import DeliveryState
from mailer.core.readers import OF_FOLLOWS, Cadence, MailFormat, Newsletter, Reader, ReaderState
from mailer.core.runs import Run
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.core.tags import Tag, TagKind
from mailer.core.tokens import Signer
from mailer.delivery.memory import MemoryBackend
from mailer.flows.deliver_run import Delivered, deliver_run
from mailer.flows.desk import Desk
from mailer.flows.ingest_document import IngestReport, ingest_document
from mailer.flows.open_run import open_run
from mailer.flows.plan_run import plan_run
from mailer.flows.start_following import start_following
from mailer.ports import Backend
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.database import Database
from mailer.store.ledger_reading import DeliveryRow, list_deliveries
from mailer.store.newsletters import save_newsletter
from mailer.store.readers import add_reader
from mailer.store.runs import find_run
from mailer.store.tags import save_tags

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class Newsroom:
    """One newsletter, a few tags, and short words for what tests do all day."""

    desk: Desk
    backend: MemoryBackend = field(default_factory=MemoryBackend)

    @property
    def database(self) -> Database:
        return self.desk.database

    def publish(
        self,
        uid: str,
        *places: str,
        topics: Sequence[str] = (),
        at: datetime = NOON - 2 * timedelta(hours=1),
        title: str = "",
        embargo: datetime | None = None,
        urgent: bool = False,
    ) -> IngestReport:
        draft = StoryDraft(
            uid=uid,
            title=title or f"Headline of {uid}",
            url=f"https://news.example/{uid}",
            summary=f"What {uid} is about.",
            published_at=at,
            embargo_until_at=embargo,
            urgent=urgent,
            kicker=places,
            topics=tuple(topics),
        )
        return ingest_document(self.database, ParsedDocument("jsonl", (draft,)), now=at)

    def read_by(self, email: str, **changes: object) -> None:
        address = read_address(email)
        values: dict[str, object] = {
            "id": 0,
            "email": address.shown,
            "email_key": address.key,
            "name": "",
            "state": ReaderState.CONFIRMED,
            "locale": "en",
            "timezone": "UTC",
            "hour": None,
            "format": MailFormat.HTML,
        }
        with self.database.write() as connection:
            add_reader(connection, Reader(**(values | changes)), NOON - 30 * DAY)  # type: ignore[arg-type]

    def follow(
        self, email: str, expression: str, cadence: str = "daily", at: datetime = NOON - 3 * DAY
    ) -> None:
        start_following(
            self.database, email, "asia", expression, Cadence(cadence), now=at, source="test"
        )

    def send(
        self,
        cadence: str = "daily",
        as_of: datetime = NOON,
        backend: Backend | None = None,
        shard_readers: int = 1000,
    ) -> Run:
        run_id = open_run(
            self.database,
            "asia",
            Cadence(cadence),
            as_of=as_of,
            now=as_of,
            shard_readers=shard_readers,
        ).run_id
        plan_run(self.desk, run_id, now=as_of)
        self.deliver(as_of, backend)
        return self.run(run_id)

    def deliver(self, now: datetime, backend: Backend | None = None) -> Delivered:
        return deliver_run(self.desk, backend or self.backend, clock=lambda: now)

    def run(self, run_id: int) -> Run:
        with self.database.read() as connection:
            return find_run(connection, run_id)

    def deliveries(self, state: DeliveryState | None = None) -> list[DeliveryRow]:
        with self.database.read() as connection:
            return list_deliveries(connection, state=state)

    def given(self) -> list[tuple[str, str]]:
        """Who has which story in an accepted mail, each as often as it was sent."""
        return sorted(
            (row.email, item.uid)
            for row in self.deliveries(DeliveryState.ACCEPTED)
            for item in row.items
        )


@pytest.fixture
def newsroom(database: Database) -> Newsroom:
    """A newsletter `asia` with every cadence, and tags with a little hierarchy."""
    return make_newsroom(database)


def make_newsroom(database: Database) -> Newsroom:
    """Make that newsroom in an empty database."""
    signer = Signer(("test-secret",))
    site = Site("The Test Desk", "https://mail.news.example", "1 Test Street, Testville")
    renderer = Renderer(site, signer, max_mail_bytes=100 * 1024)
    with database.write() as connection:
        save_tags(
            connection,
            [
                Tag("asia", "Asia", TagKind.REGION),
                Tag("china", "China", TagKind.COUNTRY, "asia"),
                Tag("north-korea", "North Korea", TagKind.COUNTRY, "asia", ("dprk",)),
                Tag("japan", "Japan", TagKind.COUNTRY, "asia"),
                Tag("sport", "Sport"),
                Tag("football", "Football", parent="sport"),
                Tag("trade", "Trade"),
            ],
        )
        save_newsletter(
            connection,
            Newsletter(
                id=0,
                slug="asia",
                name="Asia Today",
                description="",
                sender_name="Asia Today",
                sender_address="asia@news.example",
                reply_to="",
                template="digest",
                locales=("en",),
                cadences=OF_FOLLOWS,
                base_expression="*",
                timezone="UTC",
            ),
        )
    return Newsroom(Desk(database, renderer, signer, site))
