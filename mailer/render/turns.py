"""What stories and sections are in one letter, by what is drawn alike.

Two readers who are shown a story in the same way and in the same time zone have the same `Turn` of
it: whatever is drawn for it is found by the turn itself, which is quicker than by all it depends
on. Reasons are not part of it: of what readers follow there are nearly as many as readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mailer.core.digests import Item, Reason
from mailer.core.tokens import Stem
from mailer.render.views import ReferenceView

Words = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Turn:
    """A story as it is drawn but for reason and link; `digits` are of its id.

    `item` is that of the first letter it was met in.
    """

    item: Item
    zone: str
    is_lead: bool
    see_also: tuple[ReferenceView, ...]
    digits: bytes


@dataclass(slots=True, eq=False)
class SectionTexts:
    """What a section says around its stories; `told` when it has any before its link."""

    texts: Mapping[str, str]
    told: bool


@dataclass(slots=True, eq=False)
class Told:
    """A section of one letter: its texts, its stories, why, and what links that mute are made of.

    `reasons` are said of so many stories in a row each. `seals` has the end of the token of each
    story, `head` is the link up to the story's id as it stands in a body; empty when it must be
    looked at first.
    """

    texts: SectionTexts
    turns: tuple[Turn, ...]
    reasons: list[tuple[str, int]]
    stem: Stem
    head: bytes
    seals: list[bytes]


def words_of(reasons: tuple[Reason, ...]) -> Words:
    """Return reasons without the follows they come from."""
    return tuple([(reason.expression, reason.words) for reason in reasons])
