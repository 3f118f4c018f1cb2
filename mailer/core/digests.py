"""Composing: from a reader's follows and the board to one digest or alert.

Pure. Which stories a reader has already, and what each part weighs, come in as values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from mailer.core.matching import Board
from mailer.core.preferences import Preferences
from mailer.core.stories import Story


class Shown(StrEnum):
    """How a story stands in a mail; LINKED ones are behind "and 7 more"."""

    FULL = "full"
    HEADLINE = "headline"
    LINKED = "linked"


class Reason(NamedTuple):
    """Why a story is in a mail: the follow that wants it, in words.

    It and Item are tuples, as planning makes dozens of them for each reader: a frozen dataclass
    takes four times as long to make.
    """

    follow_id: int
    expression: str
    words: str

    def __str__(self) -> str:
        return f"You follow {self.words}"


class Item(NamedTuple):
    """One story of a digest with all follows of the run that want it, the section's first."""

    story: Story
    shown: Shown
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What one follow brings, newest first, without what an earlier section has."""

    follow_id: int
    expression: str
    items: tuple[Item, ...]

    @property
    def told(self) -> tuple[Item, ...]:
        """The items that stand in the mail, full or as headlines."""
        return tuple(item for item in self.items if item.shown is not Shown.LINKED)

    @property
    def linked(self) -> tuple[Item, ...]:
        """The items behind the section's "and 7 more" link."""
        return tuple(item for item in self.items if item.shown is Shown.LINKED)


class Why(StrEnum):
    """Why a story that a follow wanted is not in the mail."""

    MUTED = "muted"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Omission:
    """A story that matched a follow and is not in the mail, with the recorded reason."""

    story_id: int
    uid: str
    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a run composes for one reader: at least one item."""

    sections: tuple[Section, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in reading order, linked ones included."""
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, slots=True)
class Composition:
    """A digest, or None when nothing new matched, and what was left out."""

    digest: Digest | None
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """What the parts of a mail weigh on the wire, in bytes, text part and encoding included.

    `frame` is a mail without sections, `section` a heading, `more` one "and 7 more" line.
    """

    limit: int
    frame: int
    section: int
    more: int
    full: Mapping[int, int]
    headline: Mapping[int, int]


def compose(preferences: Preferences, board: Board, given_bits: int) -> Composition:
    """Gather one reader's new stories of the board into a digest, everything shown full.

    A section per follow, in the reader's order; stories run newest first. A story matched twice
    appears once, under the first follow that wants it, with both reasons. `given_bits` are the
    stories her ledger shows as given (I1). The digest is None when nothing is left.
    """
    muted_bits = 0
    for mute in preferences.mutes:
        muted_bits |= board.matching_bits(mute.expression)
    wanted = [
        board.new_bits(wish.expression, wish.cursor_at)
        & (board.urgent_bits if wish.urgent_only else -1)
        for wish in preferences.wishes
    ]
    everything = 0
    for bits in wanted:
        everything |= bits
    taken = muted_bits | given_bits
    asking = [
        (bits, Reason(wish.follow_id, wish.canonical, wish.words))
        for wish, bits in zip(preferences.wishes, wanted, strict=True)
        if bits
    ]
    sections = []
    for i, (wanted_bits, own) in enumerate(asking):
        bits = wanted_bits & ~taken
        if not bits:
            continue
        taken |= bits
        items = tuple(_items(bits, board, own, asking[i + 1 :]))
        sections.append(Section(own.follow_id, own.expression, items))
    omissions = [
        Omission(story.id, story.uid, Why.GIVEN)
        for story in board.stories_of(everything & given_bits)
    ]
    for story in board.stories_of(everything & muted_bits & ~given_bits):
        bit = board.bits_of([story.id])
        by = next(m for m in preferences.mutes if board.matching_bits(m.expression) & bit)
        omissions.append(Omission(story.id, story.uid, Why.MUTED, by.canonical))
    return Composition(Digest(tuple(sections)) if sections else None, tuple(omissions))


def _items(
    bits: int, board: Board, own: Reason, later: Sequence[tuple[int, Reason]]
) -> Iterator[Item]:
    """Yield a section's items; what an earlier follow wants is not in it, a later one may."""
    also = [(wanted, reason) for wanted, reason in later if wanted & bits]
    alone = (own,)
    while bits:
        bit = bits & -bits
        bits ^= bit
        others = tuple([reason for wanted, reason in also if wanted & bit]) if also else ()
        reasons = (own, *others) if others else alone
        yield Item(board.stories[bit.bit_length() - 1], Shown.FULL, reasons)


def fit(digest: Digest, weights: Weights) -> Digest:
    """Keep the mail under its limit: first headlines, then "and 7 more", deepest items first.

    The first item of each section is the last to shrink, so that no follow goes silent because
    another is busy. The very first story is told, whatever it weighs. Nothing shrinks that would
    not make the mail lighter, so only a mail that no arrangement brings under the limit is over
    it. Equal input gives equal output.
    """
    weight = weights.frame + weights.section * len(digest.sections)
    weight += sum(weights.full[i.story.id] for section in digest.sections for i in section.items)
    if weight <= weights.limit:
        return digest
    # Deepest position first; among equals the later section first.
    ranked = sorted(
        (
            (depth, number)
            for number, section in enumerate(digest.sections)
            for depth in range(len(section.items))
        ),
        reverse=True,
    )
    shown = dict.fromkeys(ranked, Shown.FULL)
    story_ids = {place: digest.sections[place[1]].items[place[0]].story.id for place in ranked}
    full = {place: weights.full[story_ids[place]] for place in ranked}
    least = {place: min(full[place], weights.headline[story_ids[place]]) for place in ranked}
    for place in ranked:
        if weight <= weights.limit:
            break
        if least[place] < full[place]:
            weight -= full[place] - least[place]
            shown[place] = Shown.HEADLINE
    behind_link: dict[int, int] = {}
    for depth, number in ranked[:-1]:
        behind_link[number] = behind_link.get(number, 0) + least[depth, number]
    # One small story may weigh less than the line that would stand for it.
    worth_a_link = {number for number, saved in behind_link.items() if saved > weights.more}
    has_link: set[int] = set()
    for place in ranked[:-1]:
        if weight <= weights.limit:
            break
        if place[1] not in worth_a_link:
            continue
        weight -= least[place]
        if place[1] not in has_link:
            has_link.add(place[1])
            weight += weights.more
        shown[place] = Shown.LINKED
    return _reshow(digest, lambda depth, number: shown[depth, number])


def gather(digest: Digest, most: int) -> Digest:
    """Put all but `most` stories behind the "and 7 more" links, deepest items first.

    For who comes back after a pause: what came up meanwhile is there, and is not a pile.
    """
    ranked = sorted(
        (depth, number)
        for number, section in enumerate(digest.sections)
        for depth, item in enumerate(section.items)
        if item.shown is not Shown.LINKED
    )
    behind = set(ranked[most:])
    if not behind:
        return digest
    return _reshow(
        digest,
        lambda depth, number: (
            Shown.LINKED
            if (depth, number) in behind
            else digest.sections[number].items[depth].shown
        ),
    )


def _reshow(digest: Digest, shown: Callable[[int, int], Shown]) -> Digest:
    return Digest(
        tuple(
            replace(
                section,
                items=tuple(
                    item._replace(shown=shown(depth, number))
                    for depth, item in enumerate(section.items)
                ),
            )
            for number, section in enumerate(digest.sections)
        )
    )
