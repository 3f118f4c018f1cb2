"""Stories: recording drafts, and reading stories back at any revision."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.matching import BoardStory
from mailer.core.stories import SeeAlso, Story, StoryDraft, TagSpan
from mailer.store.tables import stories, story_revisions, story_tags, tags


class Recorded(StrEnum):
    """What recording a draft did."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class PlacedTag:
    """A tag as it shall stand on a story: `position` in the kicker, None for a topic."""

    tag_id: int
    position: int | None
    source: str = "document"


def record_draft(
    connection: Connection,
    draft: StoryDraft,
    placed: Sequence[PlacedTag],
    *,
    now: datetime,
    not_before: datetime | None,
) -> Recorded:
    """Add a story, or raise its revision when its content changed; tags follow the draft.

    `not_before` is the latest moment a run has looked at: what arrives now must not become
    eligible before it, or no later window would have it (I2).
    """
    frontier = max(now, not_before) if not_before else now
    story_id = _add_story(connection, draft, now, frontier)
    if story_id is not None:
        _add_revision(connection, story_id, 1, draft, now)
        _place_tags(connection, story_id, placed, frontier)
        return Recorded.NEW
    # Held, as another ingest may bring the same story at this moment.
    there = select(stories).where(stories.c.uid == draft.uid).with_for_update()
    row = connection.execute(there).one()
    values = _steering(row, draft, frontier)
    content_hash = draft.content_hash()
    if content_hash != row.content_hash:
        values |= {"revision": row.revision + 1, "content_hash": content_hash}
        _add_revision(connection, row.id, row.revision + 1, draft, now)
    changed = any(getattr(row, name) != value for name, value in values.items())
    if changed:
        connection.execute(update(stories).where(stories.c.id == row.id).values(values))
    if _place_tags(connection, row.id, placed, frontier):
        changed = True
    return Recorded.UPDATED if changed else Recorded.UNCHANGED


def _add_story(
    connection: Connection, draft: StoryDraft, now: datetime, frontier: datetime
) -> int | None:
    """Add a story and return its id; None when its uid is there."""
    published_at = draft.published_at or now
    plain = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    added: int | None = connection.scalar(
        plain(stories)
        .values(
            uid=draft.uid,
            revision=1,
            content_hash=draft.content_hash(),
            published_at=published_at,
            embargo_until_at=draft.embargo_until_at,
            ingested_at=now,
            eligible_at=max(frontier, published_at, draft.embargo_until_at or frontier),
            urgent=draft.urgent,
        )
        .on_conflict_do_nothing(index_elements=[stories.c.uid])
        .returning(stories.c.id)
    )
    return added


def _steering(row: Row[Any], draft: StoryDraft, frontier: datetime) -> dict[str, Any]:
    """Return what decides when and where a story is told, as the draft now has it."""
    published_at = draft.published_at or row.published_at
    values = {
        "urgent": draft.urgent,
        "published_at": published_at,
        "embargo_until_at": draft.embargo_until_at,
    }
    if (published_at, draft.embargo_until_at) != (row.published_at, row.embargo_until_at):
        eligible_at = max(frontier, published_at, draft.embargo_until_at or frontier)
        # In no window yet, it may move in both directions; later on it can only be put off.
        if row.eligible_at >= frontier or eligible_at > frontier:
            values["eligible_at"] = eligible_at
    return values


def _add_revision(
    connection: Connection, story_id: int, revision: int, draft: StoryDraft, now: datetime
) -> None:
    connection.execute(
        insert(story_revisions).values(
            story_id=story_id,
            revision=revision,
            recorded_at=now,
            title=draft.title,
            url=draft.url,
            summary=draft.summary,
            body_html=draft.body_html,
            byline=draft.byline,
            dateline=draft.dateline,
            language=draft.language,
            see_also=[
                [other.title, other.url, other.published_on and other.published_on.isoformat()]
                for other in draft.see_also
            ],
        )
    )


def _place_tags(
    connection: Connection, story_id: int, placed: Sequence[PlacedTag], at: datetime
) -> bool:
    """Make the story's current tags those placed; operators' own tags stay. True when changed."""
    current = connection.execute(
        select(story_tags).where(
            story_tags.c.story_id == story_id, story_tags.c.removed_at.is_(None)
        )
    ).all()
    there = {row.tag_id: row for row in current}
    wanted = {tag.tag_id: tag for tag in placed}
    changed = False
    for row in current:
        if row.tag_id not in wanted and row.source == "document":
            connection.execute(
                update(story_tags).where(story_tags.c.id == row.id).values(removed_at=at)
            )
            changed = True
    for tag in placed:
        standing = there.get(tag.tag_id)
        if standing is None:
            connection.execute(
                insert(story_tags).values(
                    story_id=story_id,
                    tag_id=tag.tag_id,
                    position=tag.position,
                    source=tag.source,
                    added_at=at,
                )
            )
            changed = True
        elif standing.position != tag.position:
            # Only its place in the printed line: readers of the tag have the story already.
            connection.execute(
                update(story_tags)
                .where(story_tags.c.id == standing.id)
                .values(position=tag.position)
            )
            changed = True
    return changed


def read_board_stories(
    connection: Connection, start_at: datetime, end_at: datetime
) -> list[BoardStory]:
    """Return what a window from `start_at` to `end_at` must look at, retracted stories left out.

    These are the stories that became eligible in the window, and older ones whose tags changed
    in it.
    """
    touched = select(story_tags.c.story_id).where(
        or_(
            and_(story_tags.c.added_at >= start_at, story_tags.c.added_at < end_at),
            and_(story_tags.c.removed_at >= start_at, story_tags.c.removed_at < end_at),
        )
    )
    found = connection.execute(
        _current().where(
            stories.c.eligible_at < end_at,
            or_(stories.c.eligible_at >= start_at, stories.c.id.in_(touched)),
            stories.c.retracted_at.is_(None),
        )
    ).all()
    spans = _spans(connection, [row.id for row in found])
    return [BoardStory(_story(row, spans[row.id]), tuple(spans[row.id])) for row in found]


def find_stories(connection: Connection, uids: Collection[str]) -> list[Story]:
    """Return the current revisions of these uids, in the order asked; unknown ones are missing."""
    query = _current().where(stories.c.uid.in_(uids))
    by_uid = {story.uid: story for story in read_stories(connection, query)}
    return [by_uid[uid] for uid in uids if uid in by_uid]


def stories_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Story]:
    """Return the current revisions of these stories by id; unknown ones are missing."""
    return {s.id: s for s in read_stories(connection, _current().where(stories.c.id.in_(ids)))}


def latest_stories(connection: Connection, limit: int) -> list[Story]:
    """Return the newest stories by publication."""
    newest = _current().order_by(stories.c.published_at.desc(), stories.c.id.desc())
    return read_stories(connection, newest.limit(limit))


def stories_at_revision(
    connection: Connection, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Story]:
    """Return stories as they read at the given (story id, revision)."""
    pairs = list(set(wanted))
    found: dict[tuple[int, int], Story] = {}
    # 400 pairs are 800 bound values: SQLite takes 32,766, older builds 999.
    for start in range(0, len(pairs), 400):
        query = _joined(None).where(
            tuple_(story_revisions.c.story_id, story_revisions.c.revision).in_(
                pairs[start : start + 400]
            )
        )
        for story in read_stories(connection, query):
            found[story.id, story.revision] = story
    return found


def read_stories(connection: Connection, query: Select[Any]) -> list[Story]:
    """Run a query made of `_joined` and return its stories with their current tags."""
    rows = connection.execute(query).all()
    spans = _spans(connection, list({row.id for row in rows}))
    return [_story(row, spans[row.id]) for row in rows]


def _current() -> Select[Any]:
    return _joined(story_revisions.c.revision == stories.c.revision)


def _joined(on_revision: Any) -> Select[Any]:
    on = story_revisions.c.story_id == stories.c.id
    return select(
        stories.c.id,
        stories.c.uid,
        stories.c.published_at,
        stories.c.eligible_at,
        stories.c.urgent,
        stories.c.retracted_at,
        story_revisions,
    ).join_from(stories, story_revisions, on if on_revision is None else and_(on, on_revision))


def _spans(connection: Connection, story_ids: Sequence[int]) -> dict[int, list[TagSpan]]:
    """Return for each story its tag spans; kicker first, in printed order."""
    spans: dict[int, list[TagSpan]] = {story_id: [] for story_id in story_ids}
    for start in range(0, len(story_ids), 500):
        rows = connection.execute(
            select(story_tags, tags.c.slug)
            .join_from(story_tags, tags)
            .where(story_tags.c.story_id.in_(story_ids[start : start + 500]))
            .order_by(story_tags.c.position.is_(None), story_tags.c.position, tags.c.slug)
        )
        for row in rows:
            spans[row.story_id].append(
                TagSpan(row.slug, row.added_at, row.removed_at, row.position)
            )
    return spans


def _story(row: Row[Any], spans: Sequence[TagSpan]) -> Story:
    current = [span for span in spans if span.removed_at is None]
    return Story(
        id=row.id,
        uid=row.uid,
        revision=row.revision,
        title=row.title,
        url=row.url,
        summary=row.summary,
        byline=row.byline,
        dateline=row.dateline,
        language=row.language,
        published_at=row.published_at,
        eligible_at=row.eligible_at,
        urgent=row.urgent,
        retracted=row.retracted_at is not None,
        kicker=tuple(span.slug for span in current if span.position is not None),
        topics=tuple(span.slug for span in current if span.position is None),
        body_html=row.body_html,
        see_also=tuple(
            SeeAlso(title, url, date.fromisoformat(on) if on else None)
            for title, url, on in row.see_also
        ),
    )
