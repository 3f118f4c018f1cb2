"""Add a tag to the vocabulary."""

from dataclasses import replace

from mailer.core.tags import Tag, Vocabulary
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.tags import read_vocabulary, save_tags


def add_tag(database: Database, tag: Tag) -> None:
    """Add a tag; raises InputError when its names are taken or its parent is unknown."""
    with database.write() as connection:
        vocabulary = read_vocabulary(connection)
        there = vocabulary.resolve(tag.slug) or vocabulary.resolve(tag.label)
        if there is not None:
            raise InputError(f"'{tag.label}' is taken by the tag '{there.slug}' ({there.label})")
        if tag.parent is not None:
            parent = vocabulary.resolve(tag.parent)
            if parent is None:
                near = ", ".join(vocabulary.nearest(tag.parent))
                hint = f": did you mean {near}?" if near else ""
                raise InputError(f"unknown parent '{tag.parent}'{hint}")
            tag = replace(tag, parent=parent.slug)
        Vocabulary([*vocabulary, tag])  # Refuses aliases that are taken, naming both tags.
        save_tags(connection, [tag])
