"""Audiences: whom a letter to a tag expression is for.

A story carries tags; a reader has follows. A tag of the expression holds for a reader when one of
her follows brings stories of it, or of a tag below it, and no mute of hers keeps all of them out.
So `china & !sport` means those who get stories about China and none about sport.
"""

from collections.abc import Sequence

from mailer.core.expressions import And, Everything, Expression, Not, Or, TagTerm, matches, parse
from mailer.core.readers import Follower
from mailer.core.tags import Vocabulary
from mailer.errors import ExpressionError

# Answers are kept up to this many: memory does not grow with the readers.
_KEPT = 50_000


class Audience:
    """Those whom an expression means, among the readers of a newsletter."""

    def __init__(self, expression: str, vocabulary: Vocabulary) -> None:
        """Read the expression; raises ExpressionError."""
        self._wanted = parse(expression or "*", vocabulary)
        self._vocabulary = vocabulary
        self._below: dict[str, tuple[str, ...]] = {}
        self._brought: dict[tuple[str, str], bool] = {}
        self._muted: dict[tuple[str, str], bool] = {}

    def has(self, follower: Follower) -> bool:
        """Say whether a letter is for her. A follow that means nothing any more brings nothing."""
        follows = [follow.expression for follow in follower.follows]
        mutes = [mute.expression for mute in follower.mutes]
        return self._holds(self._wanted, follows, mutes)

    def _holds(self, wanted: Expression, follows: Sequence[str], mutes: Sequence[str]) -> bool:
        match wanted:
            case Everything():
                return True
            case TagTerm(slug):
                return self._gets(slug, follows, mutes)
            case Not(term):
                return not self._holds(term, follows, mutes)
            case And(terms):
                return all(self._holds(term, follows, mutes) for term in terms)
            case Or(terms):
                return any(self._holds(term, follows, mutes) for term in terms)

    def _gets(self, slug: str, follows: Sequence[str], mutes: Sequence[str]) -> bool:
        return any(
            any(self._is_brought(text, each) for text in follows)
            and not any(self._is_muted(text, each) for text in mutes)
            for each in self._at_or_below(slug)
        )

    def _at_or_below(self, slug: str) -> tuple[str, ...]:
        known = self._below.get(slug)
        if known is None:
            above = self._vocabulary.ancestors
            below = (tag.slug for tag in self._vocabulary if slug in above(tag.slug))
            known = self._below[slug] = (slug, *below)
        return known

    def _is_brought(self, text: str, slug: str) -> bool:
        known = self._brought.get((text, slug))
        if known is None:
            follow = self._read(text)
            known = follow is not None and self._brings(follow, slug)
            self._keep(self._brought, (text, slug), known)
        return known

    def _is_muted(self, text: str, slug: str) -> bool:
        known = self._muted.get((text, slug))
        if known is None:
            mute = self._read(text)
            known = mute is not None and matches(mute, (slug,), self._vocabulary)
            self._keep(self._muted, (text, slug), known)
        return known

    def _brings(self, follow: Expression, slug: str) -> bool:
        """Say whether a story of this tag alone matches, or one that has what else is asked for."""
        if matches(follow, (slug,), self._vocabulary):
            return True
        named, refused = _sides(follow)
        if not named & {slug, *self._vocabulary.ancestors(slug)}:
            return False
        return matches(follow, {slug, *(named - refused)}, self._vocabulary)

    def _read(self, text: str) -> Expression | None:
        try:
            return parse(text, self._vocabulary)
        except ExpressionError:
            return None

    @staticmethod
    def _keep(memory: dict[tuple[str, str], bool], key: tuple[str, str], answer: bool) -> None:
        if len(memory) >= _KEPT:
            memory.clear()
        memory[key] = answer


def _sides(expression: Expression) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tags an expression asks for, and those it refuses; some may be both."""
    match expression:
        case Everything():
            return frozenset(), frozenset()
        case TagTerm(slug):
            return frozenset((slug,)), frozenset()
        case Not(term):
            named, refused = _sides(term)
            return refused, named
        case And(terms) | Or(terms):
            sides = [_sides(term) for term in terms]
            return (
                frozenset().union(*(named for named, _ in sides)),
                frozenset().union(*(refused for _, refused in sides)),
            )
