"""Change tags: rename, merge, alias, move. No follow goes silent, and each reader is told once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar

from mailer.core.expressions import Expression, canonical, parse, rewrite, tags_of
from mailer.core.hygiene import clean_header
from mailer.core.tag_changes import ChangedFollow, TagChange, TagChangeKind, written
from mailer.core.tags import Tag, Vocabulary, slugify
from mailer.errors import ExpressionError, InputError
from mailer.flows.desk import Desk
from mailer.flows.tell_tag_change import TagNews, tell_tag_change
from mailer.store.audit import COMMAND_LINE, record_change
from mailer.store.database import Connection
from mailer.store.newsletters import list_newsletters
from mailer.store.readers import lock_reader
from mailer.store.tag_changes import (
    FollowRow,
    MuteRow,
    add_alias,
    follow_rows,
    hold_tags,
    merge_tags,
    mute_rows,
    rename_tag,
    rewrite_base,
    rewrite_follow,
    rewrite_mute,
    set_parent,
)
from mailer.store.tags import read_vocabulary

_BATCH = 5_000
_Row = TypeVar("_Row", FollowRow, MuteRow)


@dataclass(frozen=True, slots=True)
class TagReport:
    """What a change does, or would do: follows in order of their ids."""

    change: TagChange
    follows: tuple[ChangedFollow, ...]
    mute_count: int
    newsletters: tuple[str, ...]
    reader_count: int
    is_done: bool


class _OnlyAsked(Exception):  # noqa: N818 - how a dry run ends: everything is rolled back
    def __init__(self, report: TagReport) -> None:
        self.report = report


@dataclass(frozen=True, slots=True)
class _Plan:
    """The tags before and after, how slugs are replaced, and whose reach changes."""

    old: Vocabulary
    new: Vocabulary
    replaced: dict[str, str]
    reach: frozenset[str]
    names: tuple[str, str]


def change_tags(
    desk: Desk,
    change: TagChange,
    *,
    now: datetime,
    dry_run: bool = False,
    actor: str = COMMAND_LINE,
) -> TagReport:
    """Change tags, rewrite the follows and mutes that name them, and tell their readers.

    A rewritten follow ends and starts anew from the same cursor: nothing is lost or sent twice.
    With `dry_run` all of it is worked out and nothing is kept. Raises InputError.
    """
    try:
        with desk.database.write() as connection:
            hold_tags(connection)
            report = _change(desk, connection, change, now, is_done=not dry_run)
            if dry_run:
                raise _OnlyAsked(report)
            record_change(
                connection,
                actor=actor,
                action=f"tag {change.kind}",
                subject=f"tag {change.subject}",
                detail=f"{change.target}: {len(report.follows)} follows",
                now=now,
            )
    except _OnlyAsked as asked:
        return asked.report
    return report


def _change(
    desk: Desk, connection: Connection, change: TagChange, now: datetime, *, is_done: bool
) -> TagReport:
    plan = _apply(connection, change, now)
    follows = list(_concerned(_every(connection, follow_rows), plan))
    mutes = [
        (row, text)
        for row, text in _concerned(_every(connection, mute_rows), plan)
        if text != row.expression
    ]
    readers = sorted({row.reader_id for row, _ in follows} | {row.reader_id for row, _ in mutes})
    for reader_id in readers:
        lock_reader(connection, reader_id)
    reason = f"tag {change.kind}: {clean_header(change.subject, 80)}"
    for row, text in follows:
        if text != row.expression:
            rewrite_follow(
                connection,
                row,
                expression=text,
                canonical=canonical(parse(text, plan.new)),
                reason=reason,
                now=now,
            )
    for mute, text in mutes:
        rewrite_mute(
            connection,
            mute,
            expression=text,
            canonical=canonical(parse(text, plan.new)),
            reason=reason,
            now=now,
        )
    bases = []
    for newsletter in list_newsletters(connection):
        base = _rewritten(newsletter.base_expression or "*", plan)
        if base is not None and base != newsletter.base_expression:
            rewrite_base(connection, newsletter.slug, base)
            bases.append(newsletter.slug)
    changed = tuple(
        ChangedFollow(
            row.reader_id, row.subscription_id, row.newsletter, row.cadence, row.expression, text
        )
        for row, text in follows
    )
    tell_tag_change(desk, connection, TagNews(change, plan.new, plan.names, changed), now=now)
    return TagReport(change, changed, len(mutes), tuple(bases), len(readers), is_done)


def _apply(connection: Connection, change: TagChange, now: datetime) -> _Plan:
    old = read_vocabulary(connection)
    replaced: dict[str, str] = {}
    reach: frozenset[str] = frozenset()
    names = (change.subject, change.target)
    match change.kind:
        case TagChangeKind.RENAME:
            tag, slug = _known(old, change.subject), slugify(change.target)
            label = clean_header(change.target, 200)
            other = old.resolve(change.target)
            if other is not None and other.slug != tag.slug:
                raise InputError(
                    f"'{label}' is the tag '{other.slug}': 'mailer tags merge' makes both one"
                )
            rename_tag(connection, tag.slug, slug, label)
            replaced, names = {tag.slug: slug}, (tag.label, label)
        case TagChangeKind.MERGE:
            tag, into = _known(old, change.subject), _known(old, change.target)
            if tag.slug == into.slug:
                raise InputError(f"'{change.subject}' and '{change.target}' are one tag already")
            merge_tags(connection, tag.slug, into.slug, now)
            replaced, names = {tag.slug: into.slug}, (tag.label, into.label)
        case TagChangeKind.ALIAS:
            into = _known(old, change.target)
            taken = old.get(slugify(change.subject))
            if taken is not None:
                raise InputError(
                    f"'{taken.slug}' is a tag: 'mailer tags merge {taken.slug} {into.slug}'"
                )
            add_alias(connection, clean_header(change.subject, 200), into.slug)
            names = (change.subject, into.label)
        case TagChangeKind.PARENT:
            tag = _known(old, change.subject)
            parent = _known(old, change.target) if change.target else None
            set_parent(connection, tag.slug, parent.slug if parent else None)
            above = set(old.ancestors(tag.slug))
            below = {parent.slug, *old.ancestors(parent.slug)} if parent else set()
            reach = frozenset(above ^ below)
            names = (tag.label, parent.label if parent else "")
    # Refuses circles and names that are claimed twice, and so undoes all of it.
    return _Plan(old, read_vocabulary(connection), replaced, reach, names)


def _known(vocabulary: Vocabulary, text: str) -> Tag:
    tag = vocabulary.resolve(text)
    if tag is None:
        near = ", ".join(vocabulary.nearest(text))
        hint = f": did you mean {near}?" if near else ": 'mailer tags list' shows them"
        raise InputError(f"no tag '{clean_header(text, 80)}'{hint}")
    return tag


def _every(
    connection: Connection, read: Callable[[Connection, int, int], list[_Row]]
) -> Iterator[_Row]:
    after_id = 0
    while True:
        rows = read(connection, after_id, _BATCH)
        yield from rows
        if len(rows) < _BATCH:
            return
        after_id = rows[-1].id


def _concerned(rows: Iterable[_Row], plan: _Plan) -> Iterator[tuple[_Row, str]]:
    """Yield rows whose words or reach change, with their new words. Expressions repeat."""
    look = cache(lambda text: _rewritten(text, plan))
    for row in rows:
        text = look(row.expression)
        if text is not None:
            yield row, text


def _rewritten(text: str, plan: _Plan) -> str | None:
    """Return the new words of an expression, the same when only its reach changes, else None."""
    read = _parsed(text, plan.old)
    if read is None:
        # It was dead: does it mean something now?
        return text if _parsed(text, plan.new) is not None else None
    named = tags_of(read)
    if named & plan.replaced.keys():
        return written(rewrite(read, plan.replaced))
    return text if named & plan.reach else None


def _parsed(text: str, vocabulary: Vocabulary) -> Expression | None:
    try:
        return parse(text, vocabulary)
    except ExpressionError:
        return None
