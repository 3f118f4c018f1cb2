"""Tags: reading the vocabulary, adding tags and aliases."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.tags import Tag, TagKind, Vocabulary
from mailer.store.tables import story_tags, tag_aliases, tags


def read_vocabulary(connection: Connection) -> Vocabulary:
    """Return all tags with their aliases and parents."""
    rows = connection.execute(select(tags)).all()
    slug_of = {row.id: row.slug for row in rows}
    aliases: dict[int, list[str]] = {}
    for row in connection.execute(select(tag_aliases).order_by(tag_aliases.c.alias)):
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
