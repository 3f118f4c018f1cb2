"""What one reader wants of one newsletter, parsed and ready for matching."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mailer.core.expressions import (
    And,
    Everything,
    Expression,
    canonical_text,
    in_words,
    normalise,
    parse,
)
from mailer.core.readers import Cadence, Follow, Follower, Mute
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError

# Parsed texts are kept up to this many, some 10 MB: most readers write one of a few thousand, and
# a million readers must not cost more memory than a few.
_KEPT = 20_000


class Wish(NamedTuple):
    """A follow, parsed: a tuple, as planning makes one for each follow.

    `words` says what she wrote; `expression` is that within the newsletter's base expression, for
    matching; `canonical` is her own part's canonical text. `urgent_only`: she
    chose another cadence than the run's, and an alert may bring her urgent stories alone.
    """

    follow_id: int
    words: str
    expression: Expression
    canonical: str
    cursor_at: datetime
    urgent_only: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMute:
    """A mute, parsed."""

    expression: Expression
    canonical: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """The wishes of one reader in her order, her mutes, and which follows no longer parse.

    A dead follow names a tag that is gone; it matches nothing and is reported, never guessed at.
    """

    wishes: tuple[Wish, ...]
    mutes: tuple[ParsedMute, ...]
    dead_follow_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parsed:
    words: str
    within_base: Expression
    alone: Expression
    canonical: str


class PreferenceParser:
    """Parse follows and mutes of one newsletter; each distinct text is parsed once."""

    def __init__(self, vocabulary: Vocabulary, base_expression: str) -> None:
        self._vocabulary = vocabulary
        self._base = parse(base_expression or "*", vocabulary)
        self._memo: dict[str, _Parsed | None] = {}

    def read(self, follower: Follower, cadence: Cadence | None = None) -> Preferences:
        """Return the preferences of one reader, as a run of a cadence sees them (None: any)."""
        wishes: list[Wish] = []
        dead: list[int] = []
        for follow in follower.follows:
            wish = self._wish(follow, cadence)
            if wish is None:
                dead.append(follow.id)
            else:
                wishes.append(wish)
        mutes = tuple(m for m in map(self._mute, follower.mutes) if m is not None)
        return Preferences(tuple(wishes), mutes, tuple(dead))

    def _wish(self, follow: Follow, cadence: Cadence | None) -> Wish | None:
        parsed = self._parse(follow.expression)
        if parsed is None:
            return None
        return Wish(
            follow.id,
            parsed.words,
            parsed.within_base,
            parsed.canonical,
            follow.cursor_at,
            urgent_only=cadence is not None and follow.cadence is not cadence,
        )

    def _mute(self, mute: Mute) -> ParsedMute | None:
        parsed = self._parse(mute.expression)
        return None if parsed is None else ParsedMute(parsed.alone, parsed.canonical)

    def _parse(self, text: str) -> _Parsed | None:
        if text not in self._memo:
            if len(self._memo) >= _KEPT:
                self._memo.clear()
            try:
                written = parse(text, self._vocabulary)
            except ExpressionError:
                self._memo[text] = None
            else:
                alone = normalise(written)
                both = alone if self._base == Everything() else normalise(And((self._base, alone)))
                self._memo[text] = _Parsed(in_words(written), both, alone, canonical_text(alone))
        return self._memo[text]
