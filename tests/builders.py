"""Plain values for tests: each builder takes what a test is about and makes up the rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailer.core.readers import Cadence, Follow, Follower, MailFormat, Mute, Reader, ReaderState
from mailer.core.stories import Story
from mailer.core.tags import Tag, TagKind, Vocabulary

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
VOCABULARY = Vocabulary(
    [
        Tag("asia", "Asia", TagKind.REGION),
        Tag("china", "China", TagKind.COUNTRY, parent="asia", aliases=("PRC",)),
        Tag("japan", "Japan", TagKind.COUNTRY, parent="asia"),
        Tag("north-korea", "North Korea", TagKind.COUNTRY, parent="asia"),
        Tag("sport", "Sport"),
        Tag("trade", "Trade"),
    ]
)


def at(hours: float) -> datetime:
    """The moment so many hours after noon."""
    return NOON + timedelta(hours=hours)


def story(number: int, *topics: str, hour: float = -1, **changes: Any) -> Story:
    """A story published, and eligible, so many hours after noon."""
    made = Story(
        id=number,
        uid=f"story-{number}",
        revision=1,
        title=f"Story {number}",
        url=f"https://news.example/{number}",
        summary="",
        byline="",
        dateline="",
        language="en",
        published_at=at(hour),
        eligible_at=at(hour),
        topics=topics,
    )
    return replace(made, **changes)


def reader(number: int = 1, **changes: Any) -> Reader:
    """A confirmed reader of Seoul with an address of her own."""
    made = Reader(
        id=number,
        email=f"reader-{number}@example.org",
        email_key=f"reader-{number}@example.org",
        name=f"Reader {number}",
        state=ReaderState.CONFIRMED,
        locale="en",
        timezone="Asia/Seoul",
        hour=None,
        format=MailFormat.HTML,
    )
    return replace(made, **changes)


def follower(
    *expressions: str,
    number: int = 1,
    mutes: tuple[str, ...] = (),
    cadence: Cadence = Cadence.DAILY,
    cursor_at: datetime = NOON - timedelta(days=1),
    **changes: Any,
) -> Follower:
    """A reader with follows numbered 1, 2, … in their order, and mutes likewise."""
    return Follower(
        reader(number, **changes),
        subscription_id=number,
        follows=tuple(
            Follow(i, expression, cadence, cursor_at) for i, expression in enumerate(expressions, 1)
        ),
        mutes=tuple(Mute(i, expression) for i, expression in enumerate(mutes, 1)),
    )
