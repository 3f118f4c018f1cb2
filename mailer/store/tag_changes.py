"""Tags renamed, merged, aliased and moved, and the follows and mutes that name them.

Stories keep the history of their tags: after a merge they have had the remaining tag for as long
as either, so that nobody gets an old story for a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from mailer.core.readers import Cadence
from mailer.store.tables import (
    follows,
    mutes,
    newsletters,
    story_tags,
    subscriptions,
    tag_aliases,
    tags,
)


@dataclass(frozen=True, slots=True)
class FollowRow:
    """A current follow and whose it is."""

    id: int
    reader_id: int
    subscription_id: int
    newsletter: str
    expression: str
    canonical: str
    cadence: Cadence
    cursor_at: datetime


@dataclass(frozen=True, slots=True)
class MuteRow:
    """A current mute and whose it is."""

    id: int
    reader_id: int
    expression: str
    canonical: str


def hold_tags(connection: Connection) -> None:
    """Hold all tags until the transaction ends: changes of tags come one after another."""
    connection.execute(select(tags.c.id).order_by(tags.c.id).with_for_update())


def rename_tag(connection: Connection, slug: str, new_slug: str, label: str) -> None:
    """Give a tag another slug and label; the old ones become spellings of it."""
    tag_id, old_label = _tag(connection, slug)
    connection.execute(delete(tag_aliases).where(tag_aliases.c.alias.in_([new_slug, label])))
    connection.execute(update(tags).where(tags.c.id == tag_id).values(slug=new_slug, label=label))
    _add_aliases(connection, tag_id, [slug, old_label], but=(new_slug, label))


def merge_tags(connection: Connection, slug: str, into: str, now: datetime) -> None:
    """Make a tag part of another: its stories, children and spellings become the other's."""
    tag_id, label = _tag(connection, slug)
    into_id, into_label = _tag(connection, into)
    parent_id = connection.scalar(select(tags.c.parent_id).where(tags.c.id == tag_id))
    # One that stood below the tag that goes now stands where that stood.
    connection.execute(
        update(tags)
        .where(tags.c.id == into_id, tags.c.parent_id == tag_id)
        .values(parent_id=parent_id)
    )
    connection.execute(update(tags).where(tags.c.parent_id == tag_id).values(parent_id=into_id))
    _merge_stories(connection, tag_id, into_id, now)
    connection.execute(
        update(tag_aliases).where(tag_aliases.c.tag_id == tag_id).values(tag_id=into_id)
    )
    connection.execute(delete(tags).where(tags.c.id == tag_id))
    _add_aliases(connection, into_id, [slug, label], but=(into, into_label))


def add_alias(connection: Connection, alias: str, slug: str) -> None:
    """Add a spelling of a tag."""
    _add_aliases(connection, _tag(connection, slug)[0], [alias], but=())


def set_parent(connection: Connection, slug: str, parent: str | None) -> None:
    """Put a tag below another, or below none."""
    parent_id = None if parent is None else _tag(connection, parent)[0]
    connection.execute(update(tags).where(tags.c.slug == slug).values(parent_id=parent_id))


def follow_rows(connection: Connection, after_id: int, limit: int) -> list[FollowRow]:
    """Return current follows of current subscriptions by id, from after the given one on."""
    rows = connection.execute(
        select(
            follows.c.id,
            subscriptions.c.reader_id,
            follows.c.subscription_id,
            newsletters.c.slug,
            follows.c.expression,
            follows.c.canonical,
            follows.c.cadence,
            follows.c.cursor_at,
        )
        .join_from(follows, subscriptions)
        .join(newsletters)
        .where(
            follows.c.id > after_id,
            follows.c.ended_at.is_(None),
            subscriptions.c.ended_at.is_(None),
        )
        .order_by(follows.c.id)
        .limit(limit)
    )
    return [FollowRow(*row[:6], Cadence(row.cadence), row.cursor_at) for row in rows]


def mute_rows(connection: Connection, after_id: int, limit: int) -> list[MuteRow]:
    """Return current mutes by id, from after the given one on."""
    rows = connection.execute(
        select(mutes.c.id, mutes.c.reader_id, mutes.c.expression, mutes.c.canonical)
        .where(mutes.c.id > after_id, mutes.c.ended_at.is_(None))
        .order_by(mutes.c.id)
        .limit(limit)
    )
    return [MuteRow(*row) for row in rows]


def rewrite_follow(
    connection: Connection,
    row: FollowRow,
    *,
    expression: str,
    canonical: str,
    reason: str,
    now: datetime,
) -> None:
    """End a follow and start one with other words, from the same cursor on.

    When she has one that means the same, that one goes on from the older cursor of the two.
    """
    connection.execute(
        update(follows).where(follows.c.id == row.id).values(ended_at=now, end_reason=reason)
    )
    same = connection.execute(
        select(follows.c.id, follows.c.cursor_at).where(
            follows.c.subscription_id == row.subscription_id,
            follows.c.cadence == row.cadence.value,
            follows.c.canonical == canonical,
            follows.c.ended_at.is_(None),
        )
    ).one_or_none()
    if same is not None:
        connection.execute(
            update(follows)
            .where(follows.c.id == same.id)
            .values(cursor_at=min(same.cursor_at, row.cursor_at))
        )
        return
    connection.execute(
        insert(follows).values(
            subscription_id=row.subscription_id,
            expression=expression,
            canonical=canonical,
            cadence=row.cadence.value,
            started_at=now,
            cursor_at=row.cursor_at,
            source=reason,
        )
    )


def rewrite_mute(
    connection: Connection,
    row: MuteRow,
    *,
    expression: str,
    canonical: str,
    reason: str,
    now: datetime,
) -> None:
    """End a mute and start one with other words, unless she has one that means the same."""
    connection.execute(update(mutes).where(mutes.c.id == row.id).values(ended_at=now))
    same = connection.scalar(
        select(mutes.c.id).where(
            mutes.c.reader_id == row.reader_id,
            mutes.c.canonical == canonical,
            mutes.c.ended_at.is_(None),
        )
    )
    if same is None:
        connection.execute(
            insert(mutes).values(
                reader_id=row.reader_id,
                expression=expression,
                canonical=canonical,
                started_at=now,
                source=reason,
            )
        )


def rewrite_base(connection: Connection, newsletter: str, expression: str) -> None:
    """Write a newsletter's base expression anew."""
    connection.execute(
        update(newsletters)
        .where(newsletters.c.slug == newsletter)
        .values(base_expression=expression)
    )


def _tag(connection: Connection, slug: str) -> tuple[int, str]:
    row = connection.execute(select(tags.c.id, tags.c.label).where(tags.c.slug == slug)).one()
    return row.id, row.label


def _add_aliases(
    connection: Connection, tag_id: int, names: Sequence[str], *, but: Sequence[str]
) -> None:
    for name in dict.fromkeys(names):
        known = connection.scalar(
            select(tag_aliases.c.alias).where(func.lower(tag_aliases.c.alias) == name.lower())
        )
        if known is None and name.casefold() not in {other.casefold() for other in but}:
            connection.execute(insert(tag_aliases).values(alias=name, tag_id=tag_id))


def _merge_stories(connection: Connection, tag_id: int, into_id: int, now: datetime) -> None:
    here = story_tags.alias()
    current = connection.execute(
        select(
            story_tags.c.id,
            story_tags.c.position,
            here.c.id.label("standing_id"),
            here.c.position.label("standing_position"),
        )
        .join_from(story_tags, here, here.c.story_id == story_tags.c.story_id)
        .where(
            story_tags.c.tag_id == tag_id,
            story_tags.c.removed_at.is_(None),
            here.c.tag_id == into_id,
            here.c.removed_at.is_(None),
        )
    ).all()
    for row in current:
        # The story has both: one of the two ends, and what it was goes on in the other.
        connection.execute(
            update(story_tags).where(story_tags.c.id == row.id).values(removed_at=now)
        )
        if row.standing_position is None and row.position is not None:
            connection.execute(
                update(story_tags)
                .where(story_tags.c.id == row.standing_id)
                .values(position=row.position)
            )
    connection.execute(
        update(story_tags).where(story_tags.c.tag_id == tag_id).values(tag_id=into_id)
    )
