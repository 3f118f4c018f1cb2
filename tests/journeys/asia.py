"""A newsletter that is due, and as many readers as a test wants, half of them of each story."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from mailer.core.readers import Cadence, Newsletter
from mailer.core.stories import ParsedDocument, StoryDraft
from mailer.flows.ingest_document import ingest_document
from mailer.flows.keep_schedules import ScheduleText, write_schedule
from mailer.store.database import Database
from mailer.store.newsletters import save_newsletter
from mailer.store.tables import follows, readers, subscriptions


def expected_story(number: int) -> str:
    return ("China", "Japan")[number % 2]


def fill(database: Database, now: datetime, reader_count: int) -> None:
    """A newsletter with a schedule that is due, two stories, and readers of one each."""
    with database.write() as connection:
        newsletter_id = save_newsletter(
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
                cadences=(Cadence.DAILY,),
                base_expression="*",
                timezone="UTC",
            ),
        )
    drafts = tuple(
        StoryDraft(
            uid=place.lower(),
            title=f"News from {place}",
            summary="A summary.",
            kicker=(place,),
            published_at=now - timedelta(hours=3),
        )
        for place in ("China", "Japan")
    )
    ingest_document(database, ParsedDocument("jsonl", drafts), now=now - timedelta(hours=3))
    started_at = now - timedelta(days=2)
    with database.write() as connection:
        ids = range(1, reader_count + 1)
        connection.execute(
            insert(readers),
            [
                {
                    "id": i,
                    "email": f"reader{i}@reader.example",
                    "email_key": f"reader{i}@reader.example",
                    "state": "confirmed",
                    # Text alone for most: HTML takes milliseconds a mail, and this test minutes.
                    "format": "html" if i % 10 == 0 else "text",
                    "created_at": started_at,
                }
                for i in ids
            ],
        )
        connection.execute(
            insert(subscriptions),
            [
                {
                    "id": i,
                    "reader_id": i,
                    "newsletter_id": newsletter_id,
                    "started_at": started_at,
                    "source": "test",
                }
                for i in ids
            ],
        )
        connection.execute(
            insert(follows),
            [
                {
                    "subscription_id": i,
                    "expression": expected_story(i).lower(),
                    "canonical": expected_story(i).lower(),
                    "cadence": "daily",
                    "started_at": started_at,
                    "cursor_at": now - timedelta(days=1),
                }
                for i in ids
            ],
        )
    slot = now - timedelta(hours=1)
    write_schedule(
        database,
        ScheduleText("asia", Cadence.DAILY, f"{slot:%H:%M}", timezone="UTC", max_late="12h"),
        now=now - timedelta(hours=2),
    )
