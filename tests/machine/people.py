"""Half of the machine: readers and editors, who change what is wanted and what is written."""

import atexit
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import func, select

from mailer.core.addresses import read_address
from mailer.core.corrections import CorrectionKind
from mailer.core.readers import Cadence
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.core.tokens import Signer
from mailer.errors import InputError
from mailer.flows.correct_story import Amendment, correct_story
from mailer.flows.erase_reader import erase_reader
from mailer.flows.guard_restore import RestoreGuard
from mailer.flows.ingest_document import ingest_document
from mailer.flows.keep_schedules import ScheduleText, write_schedule
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.mute_expression import mute_expression, unmute_expression
from mailer.flows.start_following import start_following
from mailer.flows.stop_following import stop_following
from mailer.render.mail import Renderer
from mailer.render.site import Site
from mailer.store.database import Database
from mailer.store.ledger_tables import deliveries
from mailer.store.readers import change_reader, find_reader
from mailer.store.tables import subscriptions
from tests.flows.conftest import DAY, make_newsroom
from tests.machine.model import EMAILS, EXPRESSIONS, ISSUE, START, Story, World
from tests.machine.server import Server

readers = st.sampled_from(EMAILS)
wanted = st.sampled_from(sorted(EXPRESSIONS))
cadences = st.sampled_from([Cadence.INSTANT, Cadence.DAILY, Cadence.WEEKLY])
places = st.sampled_from([("China",), ("Japan",), ("China", "Japan"), ()])
topics = st.sets(st.sampled_from(["trade", "football"]), max_size=2)
MOST_STORIES = 12


@cache
def _renderer() -> Renderer:
    """One for all examples, as of a worker who lives through many a restore.

    Its mails are plain: two thirds of an example were spent on inlining our own style, which
    tests/render holds against the plain way (I7) at length.
    """
    overrides = Path(tempfile.mkdtemp(prefix="machine-templates-"))
    atexit.register(shutil.rmtree, overrides, ignore_errors=True)
    style = overrides / "email" / "_base" / "inlined.css"
    style.parent.mkdir(parents=True)
    style.write_text(".title { margin: 0 0 8px; font: bold 22px/28px serif }\n", encoding="utf-8")
    site = Site("The Test Desk", "https://mail.news.example", "1 Test Street, Testville")
    signer = Signer(("test-secret",))
    return Renderer(site, signer, overrides=overrides, max_mail_bytes=100 * 1024)


class People(RuleBasedStateMachine):
    """Readers and editors: they change what is wanted and what is written."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: what is proved here is no disk.
        memory = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="machine-", dir=memory if memory.is_dir() else None)
        )
        self.world = World()
        self.backup: World | None = None

    def open_database(self) -> Database:
        """Open an empty database; a backup of it can be restored when it is `mailer.db`."""
        raise NotImplementedError

    @initialize(first=st.tuples(wanted, wanted), cadence=cadences)
    def open(self, first: tuple[str, str], cadence: Cadence) -> None:
        self.newsroom = make_newsroom(self.open_database())
        guard = RestoreGuard(self.folder / "epoch")
        self.newsroom.desk = replace(self.newsroom.desk, guard=guard, renderer=_renderer())
        guard.check(self.database, self.now)
        self.server = Server(self.newsroom.desk, self.world, self.leave, self.leave_but)
        self.newsroom.backend.answers = self.server
        for email in EMAILS:
            self.newsroom.read_by(email)
        text = ScheduleText("asia", Cadence.DAILY, ISSUE, timezone="Europe/Rome")
        write_schedule(self.database, text, now=START)
        # Somebody wants something from the start, and there is something to want; the first of
        # them hears of it by two ways.
        for email, expression in zip(EMAILS, ("asia", *first), strict=True):
            self.follow(email, expression, cadence)
        other = Cadence.DAILY if cadence is Cadence.INSTANT else Cadence.INSTANT
        self.follow(EMAILS[0], "china", other)
        self.world.now += timedelta(minutes=1)
        self.publish(("China",), {"trade"}, 0)
        self.world.now += timedelta(minutes=1)

    def teardown(self) -> None:
        if hasattr(self, "newsroom"):
            self.heal()
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def now(self) -> Any:
        return self.world.now

    @property
    def database(self) -> Database:
        return self.newsroom.database

    @rule(email=readers, expression=wanted, cadence=cadences)
    def follow(self, email: str, expression: str, cadence: Cadence) -> None:
        reader = self.world.readers[email]
        if not reader.is_erased:
            start_following(
                self.database, email, "asia", expression, cadence, now=self.now, source="test"
            )
            reader.is_subscribed = True
            # The same at another cadence goes on from where it was.
            reader.wants.setdefault(expression, self.now)

    @rule(email=readers, expression=wanted)
    def unfollow(self, email: str, expression: str) -> None:
        reader = self.world.readers[email]
        if expression in reader.wants and not reader.is_erased:
            stop_following(self.database, email, "asia", expression, now=self.now)
            del reader.wants[expression]

    @rule(email=readers, tag=st.sampled_from(["trade", "football"]), ends=st.booleans())
    def mute(self, email: str, tag: str, ends: bool) -> None:
        reader = self.world.readers[email]
        if not reader.is_erased:
            mute_expression(self.database, email, tag, now=self.now, source="test")
            reader.ever_muted.add(tag)
            if ends:
                unmute_expression(self.database, email, tag, now=self.now)

    @rule(email=readers, days=st.sampled_from([-1, 1, 4]))
    def pause(self, email: str, days: int) -> None:
        reader = self.world.readers[email]
        if not reader.is_erased:
            reader.paused_until_at = self.now + days * DAY
            with self.database.write() as connection:
                row = find_reader(connection, read_address(email))
                row = replace(row, paused_until_at=reader.paused_until_at)
                change_reader(connection, row, self.now)

    @rule(email=readers)
    def leave(self, email: str) -> None:
        reader = self.world.readers[email]
        if not reader.is_erased:
            with self.database.read() as connection:
                reader_id = find_reader(connection, read_address(email)).id
                last_id = connection.scalar(select(func.max(deliveries.c.id)))
                current = connection.scalars(
                    select(subscriptions.c.id).where(
                        subscriptions.c.reader_id == reader_id, subscriptions.c.ended_at.is_(None)
                    )
                ).all()
            for each in [*current, *current]:
                leave_mails(self.database, each, Step.NEWSLETTER, now=self.now, source="test")
            reader.is_subscribed = False
            reader.left_after_id = last_id or 0
            reader.wants.clear()

    def leave_but(self, email: str) -> None:
        """All others leave, whose mails the worker has in its hands."""
        for each in EMAILS:
            if each != email:
                self.leave(each)

    @rule(email=readers)
    @precondition(lambda self: self.world.now > START + 4 * DAY)
    def erase(self, email: str) -> None:
        reader = self.world.readers[email]
        if not reader.is_erased:
            with self.database.read() as connection:
                reader_id = find_reader(connection, read_address(email)).id
            assert erase_reader(self.newsroom.desk, reader_id, now=self.now)
            assert not erase_reader(self.newsroom.desk, reader_id, now=self.now), "I8: erased twice"
            reader.is_erased = True

    @rule(places=places, topics=topics, embargo=st.sampled_from([0, 0, 5, 30]))
    def publish(self, places: tuple[str, ...], topics: set[str], embargo: int) -> None:
        if len(self.world.stories) < MOST_STORIES:
            uid = f"s{len(self.world.stories)}"
            ends_at = self.now + embargo * DAY / 24 if embargo else None
            story = Story(uid, places, set(topics), self.now, ends_at or self.now, ends_at)
            self.world.stories[uid] = story
            self.ingest(story)

    @rule(number=st.integers(0, MOST_STORIES - 1), topic=st.sampled_from(["trade", "football"]))
    def tag_late(self, number: int, topic: str) -> None:
        story = self.world.stories.get(f"s{number}")
        if story is not None and not story.retracted:
            story.topics.add(topic)
            self.ingest(story)

    @rule(number=st.integers(0, MOST_STORIES - 1), kind=st.sampled_from(CorrectionKind))
    def correct(self, number: int, kind: CorrectionKind) -> None:
        story = self.world.stories.get(f"s{number}")
        if story is not None and not story.retracted and story.eligible_at <= self.now:
            change = Amendment(kind, "It was wrong.")
            first = correct_story(self.newsroom.desk, story.uid, change, now=self.now)
            with suppress(InputError):
                again = correct_story(self.newsroom.desk, story.uid, change, now=self.now)
                assert not again.is_new or not first.is_new, "I8: corrected twice"
            story.retracted = kind is CorrectionKind.RETRACTION

    def ingest(self, story: Story) -> None:
        draft = StoryDraft(
            uid=story.uid,
            title=f"Headline of {story.uid}",
            url=f"https://news.example/{story.uid}",
            summary=f"What {story.uid} is about.",
            published_at=story.published_at,
            embargo_until_at=story.embargo_at,
            kicker=story.places,
            topics=tuple(sorted(story.topics)),
        )
        document = ParsedDocument("jsonl", (draft,))
        ingest_document(self.database, document, now=self.now)
        again = ingest_document(self.database, document, now=self.now)
        assert again.unchanged_count == 1, "I8: the same document again is a change"

    def heal(self) -> None:
        """Overridden: what ends an example."""
