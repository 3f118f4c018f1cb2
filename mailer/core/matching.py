"""The stories of a window as bits, and which of them are new to a follow.

Stories are few, readers are many, expressions repeat: each story is one bit of a Python int, a tag
is a bitmap, an expression is evaluated once per run and memoised.

A follow whose cursor stands at `c` wants, at the window's end `e`, what matches as of `e` and did
not match as of `c`. So a story is new when it became eligible in the window, and also when an old
story got a tag (or lost one that kept it out) in the window. "As of t" knows only what happened
strictly before t: windows are half-open.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.core.expressions import And, Everything, Expression, Not, Or, TagTerm
from mailer.core.stories import Story, TagSpan
from mailer.core.tags import Vocabulary

# Evaluated expressions are kept up to this many: planning's memory does not grow with the readers.
_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class BoardStory:
    """A story with the history of its tags."""

    story: Story
    spans: tuple[TagSpan, ...]


class Board:
    """The stories a run looks at; bit 0 is the newest (published last, then highest id)."""

    def __init__(
        self, stories: Sequence[BoardStory], vocabulary: Vocabulary, end_at: datetime
    ) -> None:
        self._entries = sorted(
            stories, key=lambda entry: (entry.story.published_at, entry.story.id), reverse=True
        )
        self._vocabulary = vocabulary
        self.end_at = end_at
        self.stories: tuple[Story, ...] = tuple(entry.story for entry in self._entries)
        self._bit_of = {story.id: 1 << i for i, story in enumerate(self.stories)}
        self.urgent_bits = self.bits_of([s.id for s in self.stories if s.urgent])
        self._instants = sorted(
            {entry.story.eligible_at for entry in self._entries}
            | {span.added_at for entry in self._entries for span in entry.spans}
            | {s.removed_at for e in self._entries for s in e.spans if s.removed_at is not None}
        )
        self._eligible: dict[int, int] = {}
        self._tags: dict[tuple[str, int], int] = {}
        self._memo: dict[tuple[Expression, int], int] = {}

    def new_bits(self, expression: Expression, cursor_at: datetime) -> int:
        """Return the stories that match now and did not match as of the cursor."""
        if cursor_at >= self.end_at:
            return 0
        now, then = self._epoch(self.end_at), self._epoch(cursor_at)
        if now == then:
            return 0
        if not self._eligible_bits(then):
            # As for most: nothing on the board was out when she was last answered.
            return self._bits(expression, now)
        return self._bits(expression, now) & ~self._bits(expression, then)

    def matching_bits(self, expression: Expression, at: datetime | None = None) -> int:
        """Return the stories that match as of `at` (None: the window's end), new or not."""
        return self._bits(expression, self._epoch(at or self.end_at))

    def bits_of(self, story_ids: Iterator[int] | Sequence[int]) -> int:
        """Return the bits of these stories; ids that are not on the board count for nothing."""
        bits = 0
        for story_id in story_ids:
            bits |= self._bit_of.get(story_id, 0)
        return bits

    def stories_of(self, bits: int) -> Iterator[Story]:
        """Yield the stories of a bitmap, newest first."""
        while bits:
            lowest = bits & -bits
            yield self.stories[lowest.bit_length() - 1]
            bits ^= lowest

    def _epoch(self, at: datetime) -> int:
        """Number the stretches between events: all instants of one stretch see the same board."""
        return bisect_left(self._instants, at)

    def _bits(self, expression: Expression, epoch: int) -> int:
        if isinstance(expression, TagTerm):
            # Kept by its slug, which is found five times as fast as an expression.
            return self._tag_bits(expression.slug, epoch)
        known = self._memo.get((expression, epoch))
        if known is None:
            known = self._evaluate(expression, epoch)
            if len(self._memo) >= _KEPT:
                self._memo.clear()
            self._memo[expression, epoch] = known
        return known

    def _evaluate(self, expression: Expression, epoch: int) -> int:
        match expression:
            case Everything():
                return self._eligible_bits(epoch)
            case TagTerm(slug):
                return self._tag_bits(slug, epoch)
            case Not(term):
                return self._eligible_bits(epoch) & ~self._bits(term, epoch)
            case And(terms):
                bits = self._eligible_bits(epoch)
                for term in terms:
                    bits &= self._bits(term, epoch)
                return bits
            case Or(terms):
                bits = 0
                for term in terms:
                    bits |= self._bits(term, epoch)
                return bits

    def _eligible_bits(self, epoch: int) -> int:
        if epoch not in self._eligible:
            self._eligible[epoch] = sum(
                1 << i
                for i, story in enumerate(self.stories)
                if self._epoch(story.eligible_at) < epoch
            )
        return self._eligible[epoch]

    def _tag_bits(self, slug: str, epoch: int) -> int:
        known = self._tags.get((slug, epoch))
        if known is None:
            family = self._vocabulary.descendants(slug)
            bits = 0
            for i, entry in enumerate(self._entries):
                if any(
                    span.slug in family
                    and self._epoch(span.added_at) < epoch
                    and (span.removed_at is None or self._epoch(span.removed_at) >= epoch)
                    for span in entry.spans
                ):
                    bits |= 1 << i
            known = self._tags[slug, epoch] = bits & self._eligible_bits(epoch)
        return known
