"""Tags: reading the vocabulary, adding tags and aliases."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.tags import Tag, TagKind, Vocabulary
from mailer.store.tables import story_tags, tag_aliases, tags


def read_vocabulary(connection: Connection) -> Vocabulary:
    """Return all tags with their aliases and parents."""
    return _vocabulary_of(*_read_rows(connection))


_Rows = tuple[Sequence[Row[Any]], Sequence[Row[Any]]]


def _read_rows(connection: Connection) -> _Rows:
    rows = connection.execute(select(tags)).all()
    return rows, connection.execute(select(tag_aliases).order_by(tag_aliases.c.alias)).all()


def _vocabulary_of(rows: Sequence[Row[Any]], spellings: Sequence[Row[Any]]) -> Vocabulary:
    slug_of = {row.id: row.slug for row in rows}
    aliases: dict[int, list[str]] = {}
    for row in spellings:
        aliases.setdefault(row.tag_id, []).append(row.alias)
    return Vocabulary(
        Tag(
            row.slug,
            row.label,
            TagKind(row.kind),
            slug_of[row.parent_id] if row.parent_id else None,
            tuple(aliases.get(row.id, ())),
        )
        for row in rows
    )


class VocabularyReader:
    """Reads the vocabulary again and again: as long as it is the same, it is the same object.

    Making one of 300 tags takes 4 ms, and finding that they are as they were a quarter of that.
    """

    def __init__(self) -> None:
        self._known: tuple[object, Vocabulary] | None = None

    def read(self, connection: Connection) -> Vocabulary:
        """Return all tags with their aliases and parents, as they are now."""
        rows = _read_rows(connection)
        known = self._known
        if known is None or known[0] != rows:
            known = self._known = (rows, _vocabulary_of(*rows))
        return known[1]


def save_tags(connection: Connection, wanted: Iterable[Tag]) -> None:
    """Add tags, or change label, kind, parent and aliases of those there. Parents first."""
    known = tag_ids(connection)
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    for tag in wanted:
        values = {
            "label": tag.label,
            "kind": tag.kind.value,
            "parent_id": known[tag.parent] if tag.parent else None,
        }
        # Two ingests may meet a new tag at the same moment: the later one finds it there.
        saved: int = connection.execute(
            plain(tags)
            .values(slug=tag.slug, **values)
            .on_conflict_do_update(index_elements=[tags.c.slug], set_=values)
            .returning(tags.c.id)
        ).scalar_one()
        known[tag.slug] = saved
        there = set(
            connection.scalars(
                select(tag_aliases.c.alias).where(tag_aliases.c.tag_id == known[tag.slug])
            )
        )
        for alias in tag.aliases:
            if alias not in there:
                connection.execute(insert(tag_aliases).values(alias=alias, tag_id=known[tag.slug]))


def tag_ids(connection: Connection) -> dict[str, int]:
    """Return the id of each slug."""
    return {row.slug: row.id for row in connection.execute(select(tags.c.slug, tags.c.id))}


def story_counts(connection: Connection) -> dict[str, int]:
    """Return how many stories carry each tag now; tags without stories are left out."""
    rows = connection.execute(
        select(tags.c.slug, func.count().label("story_count"))
        .join_from(story_tags, tags)
        .where(story_tags.c.removed_at.is_(None))
        .group_by(tags.c.slug)
    )
    return {row.slug: row.story_count for row in rows}
