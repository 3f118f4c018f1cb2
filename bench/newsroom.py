"""A newsroom of any size to measure with: tags, stories and readers who follow them.

Everything comes from a seed, so that two runs, and two machines, measure the same work.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from mailer.core.expressions import canonical, parse
from mailer.core.readers import OF_FOLLOWS, Newsletter
from mailer.core.stories import StoryDraft
from mailer.core.tags import Tag, Vocabulary
from mailer.store.bulk import insert_rows
from mailer.store.database import Connection, Database
from mailer.store.newsletters import save_newsletter
from mailer.store.story_recording import PlacedTag, record_draft
from mailer.store.tables import follows, mutes, readers, subscriptions
from mailer.store.tags import save_tags, tag_ids

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
SLUG = "bench"
_BATCH = 10_000
_r, _s, _f, _m = readers.c, subscriptions.c, follows.c, mutes.c
_READER = (_r.id, _r.email, _r.email_key, _r.name, _r.state, _r.created_at, _r.confirmed_at)
_SUBSCRIPTION = (_s.id, _s.reader_id, _s.newsletter_id, _s.started_at, _s.source)
_FOLLOW = (
    _f.subscription_id,
    _f.expression,
    _f.canonical,
    _f.cadence,
    _f.started_at,
    _f.cursor_at,
    _f.source,
)
_MUTE = (_m.reader_id, _m.expression, _m.canonical, _m.started_at, _m.source)
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

    # Half of all follows say what another has said, and parsing was half of the filling. Bounded:
    # what fills is in the same process as what is measured, and must not be its peak of memory.
    @lru_cache(20_000)
    def form_of(text: str) -> str:
        return canonical(parse(text, vocabulary))

    for start in range(1, size.readers + 1, _BATCH):
        numbers = range(start, min(start + _BATCH, size.readers + 1))
        with database.write() as connection:
            _fill_readers(
                connection,
                numbers,
                slugs=slugs,
                form_of=form_of,
                newsletter_id=newsletter_id,
                chance=chance,
            )


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
        cadences=OF_FOLLOWS,
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


def _fill_readers(
    connection: Connection,
    numbers: range,
    *,
    slugs: list[str],
    form_of: Callable[[str], str],
    newsletter_id: int,
    chance: random.Random,
) -> None:
    """Write these readers, each with one subscription, her follows and, some, a mute."""
    began = NOW - timedelta(days=30)
    cursor = NOW - timedelta(days=1)

    own_follows: list[tuple[Any, ...]] = []
    own_mutes: list[tuple[Any, ...]] = []
    for number in numbers:
        texts = [expression_of(slugs, chance) for _ in range(chance.randint(1, 5))]
        for form, text in {form_of(text): text for text in texts}.items():
            own_follows.append((number, text, form, "daily", began, cursor, "bench"))
        if chance.random() < 0.1:
            slug = _popular(slugs, chance)
            own_mutes.append((number, slug, slug, began, "bench"))
    emails = [(number, f"reader{number}@site{number % 997}.example") for number in numbers]
    insert_rows(
        connection,
        _READER,
        [
            (number, email, email, f"Reader {number}", "confirmed", began, began)
            for number, email in emails
        ],
    )
    insert_rows(
        connection,
        _SUBSCRIPTION,
        [(number, number, newsletter_id, began, "bench") for number in numbers],
    )
    insert_rows(connection, _FOLLOW, own_follows)
    insert_rows(connection, _MUTE, own_mutes)
