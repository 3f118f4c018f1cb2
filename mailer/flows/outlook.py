"""The outlook of a choice: what it would have brought in the last 14 days.

Asked with every click of somebody who chooses topics: what all choices share is read once a minute
and kept, and an answer takes a few milliseconds.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from mailer.core.expressions import And, parse
from mailer.core.matching import Board
from mailer.core.outlooks import LOOK_BACK, mails_a_week
from mailer.core.readers import Cadence, Newsletter, Wanted
from mailer.core.schedules import READER_ZONE, Lane, read_rule, slots
from mailer.core.stories import Story
from mailer.core.tags import Tag, Vocabulary
from mailer.flows.keep_follow import read_wanted
from mailer.flows.kept import Kept
from mailer.store.database import Database
from mailer.store.newsletters import list_newsletters
from mailer.store.schedules import Schedule, list_schedules
from mailer.store.stories import read_board_stories
from mailer.store.tags import read_vocabulary

_FRESH = timedelta(minutes=1)
_USUAL_TIME = "07:00"


@dataclass(frozen=True, slots=True)
class Outlook:
    """`stories` are those that match, newest first; `mails_a_week` is by the schedules there are.

    `counts` says how many stories each of the follows brings, in their order.
    """

    mails_a_week: float
    stories: tuple[Story, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Newsroom:
    """What all choices share, as of a moment."""

    as_of: datetime
    vocabulary: Vocabulary
    newsletters: tuple[Newsletter, ...]
    schedules: tuple[Schedule, ...]
    board: Board

    def outlook(self, newsletter: Newsletter, follows: tuple[Wanted, ...], zone: str) -> Outlook:
        """Return what these follows would have brought a reader of a timezone.

        Raises ExpressionError for the first that cannot be read.
        """
        start_at = self.as_of - LOOK_BACK
        base = parse(newsletter.base_expression or "*", self.vocabulary)
        found: dict[Cadence, dict[int, Story]] = {}
        counts = []
        for wanted in follows:
            expression = And((base, parse(wanted.expression, self.vocabulary)))
            matching = [
                story
                for story in self.board.stories_of(self.board.matching_bits(expression))
                if story.eligible_at >= start_at
            ]
            counts.append(len(matching))
            found.setdefault(wanted.cadence, {}).update((story.id, story) for story in matching)
        rate = sum(
            mails_a_week(
                cadence,
                [story.eligible_at for story in stories.values()],
                self._slots(newsletter, cadence, zone),
            )
            for cadence, stories in found.items()
        )
        every = {story.id: story for stories in found.values() for story in stories.values()}
        newest = sorted(every.values(), key=lambda story: (story.published_at, story.id))
        return Outlook(rate, tuple(reversed(newest)), tuple(counts))

    def check(self, newsletter: Newsletter, wanted: Wanted) -> None:
        """Raise ExpressionError when a follow cannot be read or never matches."""
        read_wanted(replace(wanted, cadence=newsletter.cadences[0]), newsletter, self.vocabulary)

    @cached_property
    def coverage(self) -> Counter[str]:
        """How many stories of the last 14 days each tag stands on, itself or by one below it."""
        start_at = self.as_of - LOOK_BACK
        counts: Counter[str] = Counter()
        for story in self.board.stories:
            if story.eligible_at >= start_at:
                above = {up for tag in story.tags for up in self.vocabulary.ancestors(tag)}
                counts.update(above | set(story.tags))
        return counts

    @cached_property
    def children(self) -> dict[str | None, tuple[Tag, ...]]:
        """The tags below each tag, by label; below None those that stand below nothing."""
        below: dict[str | None, list[Tag]] = {}
        for tag in self.vocabulary:
            below.setdefault(tag.parent, []).append(tag)
        return {slug: tuple(sorted(tags, key=_by_label)) for slug, tags in below.items()}

    def newsletter(self, slug: str) -> Newsletter | None:
        """Return a newsletter, None when there is none of this slug."""
        return next((one for one in self.newsletters if one.slug == slug), None)

    def _slots(self, newsletter: Newsletter, cadence: Cadence, zone: str) -> list[datetime]:
        if cadence is Cadence.INSTANT:
            return []
        own = [
            schedule
            for schedule in self.schedules
            if schedule.newsletter_id == newsletter.id and schedule.cadence is cadence
        ]
        rules = [(read_rule(cadence, s.at, s.days), s.timezone) for s in own]
        moments = {
            slot.at
            for rule, timezone in rules or [(read_rule(cadence, _USUAL_TIME), newsletter.timezone)]
            for slot in slots(
                rule,
                Lane(zone if timezone == READER_ZONE else timezone),
                self.as_of - LOOK_BACK,
                self.as_of,
            )
        }
        return sorted(moments)


class Lookout(Kept[Newsroom]):
    """Keeps the newsroom of the minute."""

    def __init__(self, database: Database) -> None:
        super().__init__(lambda now: _read(database, now), fresh=_FRESH)


def _by_label(tag: Tag) -> str:
    return tag.label.casefold()


def _read(database: Database, now: datetime) -> Newsroom:
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        return Newsroom(
            as_of=now,
            vocabulary=vocabulary,
            newsletters=tuple(list_newsletters(connection)),
            schedules=tuple(s for s in list_schedules(connection) if s.paused_at is None),
            board=Board(read_board_stories(connection, now - LOOK_BACK, now), vocabulary, now),
        )
