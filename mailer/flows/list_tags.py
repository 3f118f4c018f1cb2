"""All tags as a tree, each with how many stories carry it and how many readers name it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from mailer.core.expressions import slugs_in
from mailer.core.tags import Tag, Vocabulary
from mailer.flows.kept import WORTH_KEEPING, Kept
from mailer.store.database import Database
from mailer.store.follow_counts import count_meanings
from mailer.store.tags import read_vocabulary, story_counts

_FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TagLine:
    """A tag in its place: `depth` is how many tags stand above it.

    `follow_count` are current follows of confirmed readers that name it, in whatever sense;
    `above` are the labels of the tags above it, outermost first.
    """

    tag: Tag
    depth: int
    story_count: int
    follow_count: int
    above: tuple[str, ...]


class NamedTags(Kept[Mapping[str, int]]):
    """Keeps how many follows name each tag: three million take seconds to count."""

    def __init__(self, database: Database) -> None:
        super().__init__(lambda _: count_named(database), fresh=_FRESH, worth=WORTH_KEEPING)


def count_named(database: Database) -> Mapping[str, int]:
    """Return how many current follows of confirmed readers name each tag, in whatever sense."""
    with database.read() as connection:
        meanings = count_meanings(connection)
    named: Counter[str] = Counter()
    for canonical, count in meanings:
        for slug in slugs_in(canonical):
            named[slug] += count
    return named


def list_tags(database: Database, named: Mapping[str, int]) -> list[TagLine]:
    """Return all tags, each below its parent, siblings by label; `named` is of `count_named`."""
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        stories = story_counts(connection)
    below: dict[str | None, list[Tag]] = {}
    for tag in sorted(vocabulary, key=lambda tag: (tag.label.casefold(), tag.slug)):
        below.setdefault(tag.parent, []).append(tag)
    return [
        TagLine(
            tag,
            len(vocabulary.ancestors(tag.slug)),
            stories.get(tag.slug, 0),
            named.get(tag.slug, 0),
            _labels_above(vocabulary, tag),
        )
        for tag in _in_order(below, None)
    ]


def _in_order(below: dict[str | None, list[Tag]], parent: str | None) -> Iterator[Tag]:
    for tag in below.get(parent, ()):
        yield tag
        yield from _in_order(below, tag.slug)


def _labels_above(vocabulary: Vocabulary, tag: Tag) -> tuple[str, ...]:
    found = (vocabulary.get(slug) for slug in reversed(vocabulary.ancestors(tag.slug)))
    return tuple(each.label for each in found if each is not None)
