"""A newsroom of any size to measure with: tags, stories and readers who follow them.

Everything comes from a seed, so that two runs, and two machines, measure the same work.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from mailer.core.expressions import canonical, parse
from mailer.core.readers import Cadence, Newsletter
from mailer.core.stories import StoryDraft
from mailer.core.tags import Tag, Vocabulary
from mailer.store.database import Connection, Database
from mailer.store.newsletters import save_newsletter
from mailer.store.story_recording import PlacedTag, record_draft
from mailer.store.tables import follows, mutes, readers, subscriptions
from mailer.store.tags import save_tags, tag_ids

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
SLUG = "bench"
_BATCH = 10_000
WORDS = (
    *("harbour", "bridge", "minister", "budget", "river", "strike", "festival", "court", "border"),
    *("exam", "ferry", "vaccine", "rice", "steel", "orchestra", "typhoon", "visa", "election"),
    *("railway", "glacier", "museum", "tariff", "chip", "school"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a newsroom is."""

    readers: int
    tags: int = 300
    stories: int = 200


def fill(database: Database, size: Size, *, seed: int = 1) -> None:
    """Fill a migrated, empty database."""
    chance = random.Random(seed)
    slugs = [f"tag-{number}" for number in range(size.tags)]
    tags = [Tag(slug, slug.replace("-", " ").title()) for slug in slugs]
    vocabulary = Vocabulary(tags)
    with database.write() as connection:
        newsletter_id = save_newsletter(connection, _newsletter())
        save_tags(connection, tags)
        _fill_stories(connection, size, slugs, chance)
    rows = _reader_rows(size, slugs, vocabulary, newsletter_id, chance)
    tables = (readers, subscriptions, follows, mutes)
    while True:
        batch: tuple[list[dict[str, Any]], ...] = ([], [], [], [])
        for _ in range(_BATCH):
            one = next(rows, None)
            if one is None:
                break
            for kept, found in zip(batch, one, strict=True):
                kept.extend(found)
        if not batch[0]:
            return
        with database.write() as connection:
            for table, found in zip(tables, batch, strict=True):
                if found:
                    connection.execute(insert(table), found)


def expression_of(slugs: list[str], chance: random.Random) -> str:
    """Return an expression such as readers write: few tags, often an AND, sometimes a NOT.

    Popular tags are followed far more often than rare ones, as everywhere.
    """
    first, second, third = (_popular(slugs, chance) for _ in range(3))
    kind = chance.random()
    if kind < 0.45:
        return first
    if kind < 0.70:
        return f"{first} & {second}"
    if kind < 0.85:
        return f"{first} & !{second}"
    return f"({first} | {second}) & !{third}"


def _popular(slugs: list[str], chance: random.Random) -> str:
    return slugs[int(len(slugs) * chance.random() ** 2)]


def _newsletter() -> Newsletter:
    return Newsletter(
        id=0,
        slug=SLUG,
        name="The Bench",
        description="",
        sender_name="The Bench",
        sender_address="news@bench.example",
        reply_to="",
        template="digest",
        locales=("en",),
        cadences=tuple(Cadence),
        base_expression="*",
        timezone="UTC",
    )


def _fill_stories(
    connection: Connection, size: Size, slugs: list[str], chance: random.Random
) -> None:
    ids = tag_ids(connection)
    for number in range(size.stories):
        at = NOW - timedelta(minutes=7 * (number + 1))
        words = " ".join(chance.choice(WORDS) for _ in range(9))
        draft = StoryDraft(
            uid=f"story-{number}",
            title=words.capitalize(),
            url=f"https://news.example/{number}",
            summary=" ".join(chance.choice(WORDS) for _ in range(40)).capitalize() + ".",
            byline="Ann Author",
            published_at=at,
        )
        own = sorted({_popular(slugs, chance) for _ in range(4)})
        placed = [PlacedTag(ids[slug], i if i < 2 else None) for i, slug in enumerate(own)]
        record_draft(connection, draft, placed, now=at, not_before=None)


def _reader_rows(
    size: Size,
    slugs: list[str],
    vocabulary: Vocabulary,
    newsletter_id: int,
    chance: random.Random,
) -> Iterator[tuple[list[dict[str, Any]], ...]]:
    """Yield the rows of one reader: hers, her subscription's, her follows' and her mutes'."""
    began = NOW - timedelta(days=30)
    cursor = NOW - timedelta(days=1)
    for number in range(1, size.readers + 1):
        email = f"reader{number}@site{number % 997}.example"
        own: dict[str, dict[str, Any]] = {}
        for _ in range(chance.randint(1, 5)):
            text = expression_of(slugs, chance)
            form = canonical(parse(text, vocabulary))
            own[form] = {
                "subscription_id": number,
                "expression": text,
                "canonical": form,
                "cadence": "daily",
                "started_at": began,
                "cursor_at": cursor,
                "source": "bench",
            }
        muted = []
        if chance.random() < 0.1:
            slug = _popular(slugs, chance)
            muted.append(
                {
                    "reader_id": number,
                    "expression": slug,
                    "canonical": slug,
                    "started_at": began,
                    "source": "bench",
                }
            )
        yield (
            [
                {
                    "id": number,
                    "email": email,
                    "email_key": email,
                    "name": f"Reader {number}",
                    "state": "confirmed",
                    "created_at": began,
                    "confirmed_at": began,
                }
            ],
            [
                {
                    "id": number,
                    "reader_id": number,
                    "newsletter_id": newsletter_id,
                    "started_at": began,
                    "source": "bench",
                }
            ],
            list(own.values()),
            muted,
        )
