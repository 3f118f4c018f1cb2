"""Tags: what a story is about, what they are called, and which stands under which.

Knows how a label becomes a slug and how a reader's spelling finds its tag; `kickers` knows how a
printed kicker falls into labels. Keeping, renaming and merging tags is left to the store and flows.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from mailer.core.kickers import kicker_labels
from mailer.errors import InputError

__all__ = ["LONGEST_SLUG", "Tag", "TagKind", "Vocabulary", "kicker_labels", "slugify"]

# A slug stands in addresses, subject headers and file names: 80 characters keep all of them short.
LONGEST_SLUG: Final = 80

# Latin letters that Unicode does not decompose into a plain letter and an accent.
_PLAIN_LATIN: Final = {
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
}  # fmt: skip
# Apostrophes that Unicode counts as letters: the okina of Hawai'i, the ayn and hamza of Arabic.
_LETTER_APOSTROPHES: Final = {chr(point) for point in range(0x2B9, 0x2C2)}

# The first level at which difflib calls two words close, as in `difflib.get_close_matches`.
_NEAR: Final = 0.6


class TagKind(StrEnum):
    """What a tag names."""

    COUNTRY = "country"
    REGION = "region"
    TOPIC = "topic"
    SERIES = "series"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Tag:
    """A slug with its label. `parent` is the slug of the tag above; aliases are other spellings."""

    slug: str
    label: str
    kind: TagKind = TagKind.TOPIC
    parent: str | None = None
    aliases: tuple[str, ...] = ()


def slugify(label: str) -> str:
    """Return the slug of a label: at most 80 letters and digits of any script, and single dashes.

    Case goes, and so do the accents of Latin and Greek: 'Perù' and 'PERU' are one tag. The marks of
    other scripts belong to the letter and stay. Raises InputError when nothing is left.
    """
    slug = _folded(label)[:LONGEST_SLUG].strip("-")
    if not slug:
        raise InputError(f"no tag can be made of {label!r}: write at least one letter or digit")
    return slug


def _folded(label: str) -> str:
    if label.isascii():
        # Most labels of a newsroom; four times as fast as the way below, and gives the same.
        return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    folded = unicodedata.normalize("NFKC", label).casefold()
    # Folding can leave what the other would still change, hence twice (Unicode 3.13, D146).
    folded = unicodedata.normalize("NFKC", folded).casefold()
    kept: list[str] = []
    after_letter = marks_stay = False
    for character in unicodedata.normalize("NFD", folded):
        category = unicodedata.category(character)
        if character.isalnum() and character not in _LETTER_APOSTROPHES:
            kept.append(_PLAIN_LATIN.get(character, character))
            name = unicodedata.name(character, "")
            after_letter, marks_stay = True, not name.startswith(("LATIN", "GREEK"))
        elif category.startswith("M") and after_letter:
            if marks_stay:
                kept.append(character)
        elif category != "Cf":  # Soft hyphens and joiners cannot be seen, so they cannot count.
            kept.append("-")
            after_letter = False
    return re.sub("-+", "-", unicodedata.normalize("NFC", "".join(kept))).strip("-")


class Vocabulary:
    """Everything known about tags at one moment; never changes after construction.

    Iterates over its tags in slug order. A slug it does not know has no ancestors, and no
    descendant and no label but itself: a follow of a tag that went away is quiet, not broken.
    """

    def __init__(self, tags: Iterable[Tag]) -> None:
        """Index the tags.

        Raises InputError on text that is no slug, on a slug or alias claimed twice, and on a parent
        that is unknown or stands below its own child. Labels may be shared: see `resolve`.
        """
        self._tags: dict[str, Tag] = {}
        for tag in sorted(tags, key=lambda tag: tag.slug):
            if tag.slug in self._tags:
                raise InputError(f"two tags have the slug {tag.slug!r}: rename or merge one")
            if slugify(tag.slug) != tag.slug:
                raise InputError(f"{tag.slug!r} is not a slug: use {slugify(tag.slug)!r}")
            self._tags[tag.slug] = tag
        self._exact = _claims(self._tags)
        # Each spelling of a tag as a slug, for `nearest`; the same without dashes, for `resolve`.
        self._spellings = tuple(
            (spelling, tag.slug) for tag in self for spelling in _spellings(tag)
        )
        self._loose: dict[str, set[str]] = {}
        for spelling, slug in self._spellings:
            self._loose.setdefault(spelling.replace("-", ""), set()).add(slug)
        self._children: dict[str, list[str]] = {}
        for tag in self:
            if tag.parent is not None:
                self._check_parent(tag.slug, tag.parent)
                self._children.setdefault(tag.parent, []).append(tag.slug)
        self._ancestors = _ancestors(self._tags)

    def __contains__(self, slug: object) -> bool:
        return slug in self._tags

    def __iter__(self) -> Iterator[Tag]:
        return iter(self._tags.values())

    def __len__(self) -> int:
        return len(self._tags)

    def get(self, slug: str) -> Tag | None:
        """Return the tag with exactly this slug."""
        return self._tags.get(slug)

    def label(self, slug: str) -> str:
        """Return what readers see for a slug."""
        return self._tags[slug].label if slug in self._tags else slug

    def resolve(self, text: str) -> Tag | None:
        """Return the tag that `text` spells, whatever its case, accents, spaces and punctuation.

        A slug wins over an alias, an alias over a label. None when no tag is spelt so, or when the
        spelling could be two tags ('Georgia', the label of a country and of a state).
        """
        if text in self._tags:
            # As most texts of a follow are written; a slug is spelt by itself.
            return self._tags[text]
        spelling = _folded(text)[:LONGEST_SLUG].strip("-")
        slug = self._exact.get(spelling)
        if slug is None:
            candidates = self._loose.get(spelling.replace("-", ""), set())
            if len(candidates) != 1:
                return None
            (slug,) = candidates
        return self._tags[slug]

    def descendants(self, slug: str) -> frozenset[str]:
        """Return the slugs that a story may carry to be about `slug`: itself and all below it."""
        found = {slug}
        waiting = [slug]
        while waiting:
            below = self._children.get(waiting.pop(), [])
            found.update(below)
            waiting.extend(below)
        return frozenset(found)

    def ancestors(self, slug: str) -> tuple[str, ...]:
        """Return the slugs above, nearest first, without `slug` itself."""
        return self._ancestors.get(slug, ())

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Return the slugs somebody who wrote `text` may have meant, best first.

        Compares with slugs, labels and aliases; empty when nothing is near.
        """
        wanted = _folded(text)[:LONGEST_SLUG].strip("-")
        if not wanted:
            return ()
        matcher = SequenceMatcher(b=wanted, autojunk=False)
        scores: dict[str, float] = {}
        for spelling, slug in self._spellings:
            score = _likeness(matcher, wanted, spelling)
            if score >= _NEAR:
                scores[slug] = max(score, scores.get(slug, 0.0))
        return tuple(sorted(scores, key=lambda slug: (-scores[slug], slug))[:limit])

    def _check_parent(self, slug: str, parent: str) -> None:
        if parent not in self._tags:
            near = self.nearest(parent, limit=1)
            mend = f"use {near[0]!r}" if near else "add that tag first, or leave the parent out"
            raise InputError(f"tag {slug!r} has the unknown parent {parent!r}: {mend}")


def _claims(tags: Mapping[str, Tag]) -> dict[str, str]:
    """Map every spelling that means one tag to its slug: slugs first, then aliases, then labels."""
    claims = {slug: slug for slug in tags}
    for tag in tags.values():
        for alias in tag.aliases:
            holder = claims.setdefault(_alias_spelling(tag, alias), tag.slug)
            if holder != tag.slug:
                raise InputError(
                    f"{alias!r} is claimed by two tags, {holder!r} and {tag.slug!r}: "
                    "take the alias from one of them, or merge them"
                )
    labels: dict[str, set[str]] = {}
    for tag in tags.values():
        labels.setdefault(_folded(tag.label)[:LONGEST_SLUG].strip("-"), set()).add(tag.slug)
    for spelling, slugs in labels.items():
        if spelling and len(slugs) == 1:
            claims.setdefault(spelling, min(slugs))
    return claims


def _alias_spelling(tag: Tag, alias: str) -> str:
    try:
        return slugify(alias)
    except InputError as error:
        raise InputError(f"alias {alias!r} of tag {tag.slug!r}: {error}") from error


def _spellings(tag: Tag) -> list[str]:
    folded = (_folded(text)[:LONGEST_SLUG].strip("-") for text in (tag.label, *tag.aliases))
    return list(dict.fromkeys(spelling for spelling in (tag.slug, *folded) if spelling))


def _ancestors(tags: Mapping[str, Tag]) -> dict[str, tuple[str, ...]]:
    lines: dict[str, tuple[str, ...]] = {}
    for tag in tags.values():
        line = [tag.slug]
        parent = tag.parent
        while parent is not None:
            if parent in line:
                circle = " under ".join(
                    repr(slug) for slug in [*line[line.index(parent) :], parent]
                )
                raise InputError(f"tags stand in a circle, {circle}: give one another parent")
            line.append(parent)
            parent = tags[parent].parent
        lines[tag.slug] = tuple(line[1:])
    return lines


def _likeness(matcher: SequenceMatcher[str], wanted: str, spelling: str) -> float:
    """Score a spelling from 0 to 1; a whole word in common counts however long the rest is."""
    score = 0.0
    if f"-{wanted}-" in f"-{spelling}-":
        score = 0.8
    elif f"-{spelling}-" in f"-{wanted}-" or (len(wanted) > 2 and spelling.startswith(wanted)):
        score = 0.7
    matcher.set_seq1(spelling)
    # The two quick ratios are upper bounds: most spellings never reach the slow one.
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) > max(score, _NEAR - 0.01):
        score = max(score, matcher.ratio())
    return score
