"""What must be true, as simply as it can be said: readers, stories, and what the world saw."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EMAILS = ("mina@reader.example", "juno@reader.example", "odo@other.example")
ZONE = ZoneInfo("Europe/Rome")
# Rome's clocks go from 02:00 to 03:00 on the 29th: this issue then has no such time.
ISSUE = "02:30"
START = datetime(2026, 3, 27, 12, tzinfo=UTC)

_ABOVE = {"china": "asia", "japan": "asia", "football": "sport"}
# Without NOT, so that a tag that comes late never takes a story away again.
EXPRESSIONS: dict[str, Callable[[set[str]], bool]] = {
    "china": lambda tags: "china" in tags,
    "asia": lambda tags: "asia" in tags,
    "japan & trade": lambda tags: {"japan", "trade"} <= tags,
    "sport | trade": lambda tags: bool({"sport", "trade"} & tags),
}


@dataclass
class Story:
    """A story as the newsroom means it."""

    uid: str
    places: tuple[str, ...]
    topics: set[str]
    published_at: datetime
    eligible_at: datetime
    embargo_at: datetime | None = None
    retracted: bool = False

    @property
    def tags(self) -> set[str]:
        """Return its tags and what stands above them."""
        tags = {place.lower() for place in self.places} | self.topics
        return tags | {_ABOVE[tag] for tag in tags if tag in _ABOVE}


@dataclass
class Reader:
    """A reader: what she wants since when, and what keeps mail from her."""

    email: str
    wants: dict[str, datetime] = field(default_factory=dict)
    ever_muted: set[str] = field(default_factory=set)
    paused_until_at: datetime | None = None
    is_subscribed: bool = False
    is_suppressed: bool = False
    is_erased: bool = False
    # The last delivery there was when she left: what was planned by then is not for her any more.
    left_after_id: int = 0

    def may_get_news(self, now: datetime) -> bool:
        """Say whether she agreed to a mail that leaves now."""
        is_paused = self.paused_until_at is not None and self.paused_until_at > now
        return self.is_subscribed and not (is_paused or self.is_suppressed or self.is_erased)


@dataclass
class World:
    """Everything the model knows; copied whole with a backup."""

    now: datetime = START
    readers: dict[str, Reader] = field(default_factory=lambda: {e: Reader(e) for e in EMAILS})
    stories: dict[str, Story] = field(default_factory=dict)
    # What the mail server took: copies of each delivery, and by which it got a story to a reader.
    copies: Counter[int] = field(default_factory=Counter)
    resends: Counter[int] = field(default_factory=Counter)
    contents: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    brought: defaultdict[tuple[str, str], set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )
    sent_count: int = 0

    def owed(self) -> set[tuple[str, str]]:
        """Return who must have which story by now (I2): wanted without a break since it came."""
        return {
            (reader.email, story.uid)
            for reader in self.readers.values()
            if reader.is_subscribed and not (reader.is_suppressed or reader.is_erased)
            for story in self.stories.values()
            if not story.retracted and not story.tags & reader.ever_muted
            if any(
                since < story.eligible_at < self.now and EXPRESSIONS[expression](story.tags)
                for expression, since in reader.wants.items()
            )
        }

    def twice(self) -> list[object]:
        """Return what reached somebody more often than it may (I1)."""
        by_two: list[object] = [key for key, ids in self.brought.items() if len(ids) > 1]
        again = [
            (delivery_id, count)
            for delivery_id, count in self.copies.items()
            if count > 1 + self.resends[delivery_id]
        ]
        return by_two + list(again)


def slot_days(begun_at: datetime, now: datetime) -> list[date]:
    """Return the local days whose issue came due, by the rule as written: first valid instant."""
    days = []
    day = begun_at.astimezone(ZONE).date()
    while day <= now.astimezone(ZONE).date():
        if begun_at < _first_instant(day) <= now:
            days.append(day)
        day += timedelta(days=1)
    return days


def _first_instant(day: date) -> datetime:
    wall = datetime.combine(day, time.fromisoformat(ISSUE))
    while True:
        instant = wall.replace(tzinfo=ZONE).astimezone(UTC)
        if instant.astimezone(ZONE).replace(tzinfo=None) == wall:
            return instant
        wall += timedelta(minutes=1)
