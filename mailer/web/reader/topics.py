"""The topics of the form: those covered most, the others by their hierarchy, and a search."""

from collections.abc import Collection
from dataclasses import dataclass

from mailer.core.tags import Tag, Vocabulary, slugify
from mailer.errors import InputError
from mailer.flows.outlook import Newsroom
from mailer.render.follow_words import FollowWords

_MOST_COVERED = 14


@dataclass(frozen=True, slots=True)
class Chip:
    """One topic to tick. `names` are all its spellings, for a search in the browser."""

    slug: str
    label: str
    names: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A topic with those below it."""

    label: str
    chips: tuple[Chip, ...]
    branches: tuple["Branch", ...]


@dataclass(frozen=True, slots=True)
class TopicShelf:
    """Each topic stands in one place only: what is unticked there is not ticked elsewhere."""

    first: tuple[Chip, ...]
    loose: tuple[Chip, ...]
    branches: tuple[Branch, ...]
    found_count: int


def lay_out(
    newsroom: Newsroom, words: FollowWords, chosen: Collection[str], search: str
) -> TopicShelf:
    """Return the topics. Chosen ones come first; with a search only those it finds."""
    return _Shelf(newsroom, words, chosen, search).lay_out()


class _Shelf:
    def __init__(
        self, newsroom: Newsroom, words: FollowWords, chosen: Collection[str], search: str
    ) -> None:
        self._vocabulary: Vocabulary = newsroom.vocabulary
        self._coverage = newsroom.coverage
        self._children = newsroom.children
        self._words = words
        self._chosen = chosen
        self._search = _folded(search)
        self._shown: set[str] = set()
        self._found = 0

    def lay_out(self) -> TopicShelf:
        covered = [slug for slug, count in self._coverage.most_common(_MOST_COVERED) if count]
        wanted = [slug for slug in self._chosen if slug in self._vocabulary]
        if not self._search:
            wanted += sorted(set(covered) - set(wanted), key=self._words.label)
        first = tuple(self._chip(slug) for slug in dict.fromkeys(wanted))
        self._shown = {chip.slug for chip in first}
        roots = self._children.get(None, ())
        branches = [
            b for tag in roots if (b := self._branch(tag)) and (b.branches or self._kids(tag))
        ]
        loose = [
            self._chip(tag.slug) for tag in roots if not self._kids(tag) and self._is_wanted(tag)
        ]
        return TopicShelf(first, tuple(loose), tuple(branches), self._found)

    def _kids(self, tag: Tag) -> tuple[Tag, ...]:
        return self._children.get(tag.slug, ())

    def _branch(self, tag: Tag) -> Branch | None:
        kids = self._kids(tag)
        chips = [self._chip(tag.slug)] if self._is_wanted(tag) and kids else []
        chips += [
            self._chip(kid.slug) for kid in kids if not self._kids(kid) and self._is_wanted(kid)
        ]
        branches = tuple(b for kid in kids if self._kids(kid) and (b := self._branch(kid)))
        if not chips and not branches:
            return None
        return Branch(self._words.label(tag.slug), tuple(chips), branches)

    def _is_wanted(self, tag: Tag) -> bool:
        if tag.slug in self._shown:
            return False
        if not self._search:
            return True
        is_found = any(self._search in name for name in _names(tag).split())
        is_found = is_found or self._search in _folded(tag.label)
        self._found += is_found
        return is_found

    def _chip(self, slug: str) -> Chip:
        tag = self._vocabulary.get(slug)
        names = _names(tag) if tag else slug
        return Chip(slug, self._words.label(slug), names, slug in self._chosen)


def _names(tag: Tag) -> str:
    return " ".join(dict.fromkeys(_folded(name) for name in (tag.label, tag.slug, *tag.aliases)))


def _folded(text: str) -> str:
    try:
        return slugify(text)
    except InputError:
        return ""
