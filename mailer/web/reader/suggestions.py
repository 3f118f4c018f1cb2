"""What she might mute: the tags that stand on the stories her follows brought lately."""

from collections import Counter
from dataclasses import dataclass

from mailer.core.expressions import And, canonical, parse
from mailer.core.readers import Newsletter
from mailer.errors import ExpressionError
from mailer.flows.outlook import Newsroom
from mailer.render.follow_words import FollowWords

_MOST = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mute to offer: its expression and its words."""

    expression: str
    words: str


def tags_to_mute(
    newsroom: Newsroom,
    newsletter: Newsletter,
    expressions: tuple[str, ...],
    words: FollowWords,
) -> tuple[Suggestion, ...]:
    """Return the tags on what these follows matched lately, the most frequent first.

    What she follows by itself is left out: ending that follow is the honest way to be rid of it.
    """
    seen: Counter[str] = Counter()
    own = set()
    for text in expressions:
        try:
            parsed = parse(text, newsroom.vocabulary)
            base = parse(newsletter.base_expression or "*", newsroom.vocabulary)
        except ExpressionError:
            continue
        own.add(canonical(parsed))
        bits = newsroom.board.matching_bits(And((base, parsed)))
        seen.update(tag for story in newsroom.board.stories_of(bits) for tag in story.tags)
    best = sorted((-count, slug) for slug, count in seen.items() if slug not in own)
    return tuple(Suggestion(slug, words.label(slug)) for _, slug in best[:_MOST])
