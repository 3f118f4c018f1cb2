"""Which stories belong beside a story: those that share its tags, the nearer in time first."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from math import exp, log

from mailer.core.stories import Story

_HALF_FORGOTTEN = timedelta(days=120)


def related(story: Story, candidates: Sequence[Story], limit: int) -> list[Story]:
    """Return at most `limit` of the candidates, best first; those without a common tag never.

    A tag that many candidates have says little, a rare one much. What lies farther from the story
    in time counts less. Equal input gives equal output.
    """
    others = [other for other in candidates if other.id != story.id]
    frequency = Counter(tag for other in others for tag in set(other.tags))
    own = set(story.tags)

    def worth(other: Story) -> float:
        shared = own & set(other.tags)
        told = sum(log(1 + (len(others) + 1) / frequency[tag]) for tag in shared)
        away = abs(story.published_at - other.published_at) / _HALF_FORGOTTEN
        return told / (1 + log(1 + len(set(other.tags) - own))) * (0.25 + exp(-away))

    close = [other for other in others if own & set(other.tags)]
    return sorted(close, key=lambda other: (-worth(other), -other.id))[:limit]
