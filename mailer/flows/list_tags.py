"""All tags as a tree, each with how many stories carry it and how many readers name it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.core.expressions import parse, tags_of
from mailer.core.tags import Tag, Vocabulary
from mailer.errors import ExpressionError
from mailer.store.database import Database
from mailer.store.follow_counts import group_follows
from mailer.store.tags import read_vocabulary, story_counts


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


def list_tags(database: Database) -> list[TagLine]:
    """Return all tags, each below its parent, siblings by label."""
    with database.read() as connection:
        vocabulary = read_vocabulary(connection)
        stories = story_counts(connection)
        groups = group_follows(connection)
    named: Counter[str] = Counter()
    for group in groups:
        try:
            meaning = parse(group.canonical, vocabulary)
        except ExpressionError:
            continue
        for slug in tags_of(meaning):
            named[slug] += group.reader_count
    below: dict[str | None, list[Tag]] = {}
    for tag in sorted(vocabulary, key=lambda tag: (tag.label.casefold(), tag.slug)):
        below.setdefault(tag.parent, []).append(tag)
    return [
        TagLine(
            tag,
            len(vocabulary.ancestors(tag.slug)),
            stories.get(tag.slug, 0),
            named[tag.slug],
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
