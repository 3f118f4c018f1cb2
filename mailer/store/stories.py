"""Stories: reading them back, at any revision."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select, tuple_

from mailer.core.matching import BoardStory
from mailer.core.stories import SeeAlso, Story, TagSpan
from mailer.errors import InputError, NotFoundError
from mailer.store.bulk import among
from mailer.store.tables import stories, story_revisions, story_tags, tags

_PAIRS = 400  # 800 bound values: SQLite takes 32,766, older builds 999.


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
    spans = tag_spans(connection, [row.id for row in found])
    return [BoardStory(_story(row, spans[row.id]), tuple(spans[row.id])) for row in found]


def find_stories(connection: Connection, uids: Collection[str]) -> list[Story]:
    """Return the current revisions of these uids, in the order asked; unknown ones are missing."""
    by_uid = {
        story.uid: story
        for condition in among(connection, stories.c.uid, list(uids))
        for story in read_stories(connection, _current().where(condition))
    }
    return [by_uid[uid] for uid in uids if uid in by_uid]


def find_story(connection: Connection, uid: str, *, standing: bool = False) -> Story:
    """Return the current revision of a story.

    Raises NotFoundError; when it must be `standing`, also InputError for a retracted one.
    """
    found = find_stories(connection, [uid])
    if not found:
        raise NotFoundError(f"no story '{uid}': 'mailer stories list' shows the uids")
    if standing and found[0].retracted:
        raise InputError(f"story '{uid}' was retracted: nobody gets it any more")
    return found[0]


def stories_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Story]:
    """Return the current revisions of these stories by id; unknown ones are missing."""
    return {s.id: s for s in read_stories(connection, _current().where(stories.c.id.in_(ids)))}


def latest_stories(connection: Connection, limit: int) -> list[Story]:
    """Return the newest stories by publication."""
    newest = _current().order_by(stories.c.published_at.desc(), stories.c.id.desc())
    return read_stories(connection, newest.limit(limit))


def revisions_recorded_at(
    connection: Connection, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], datetime]:
    """Return when the given (story id, revision) were written; unknown ones are missing."""
    pairs = list(set(wanted))
    found: dict[tuple[int, int], datetime] = {}
    for start in range(0, len(pairs), _PAIRS):
        of_these = tuple_(story_revisions.c.story_id, story_revisions.c.revision)
        rows = connection.execute(
            select(
                story_revisions.c.story_id,
                story_revisions.c.revision,
                story_revisions.c.recorded_at,
            ).where(of_these.in_(pairs[start : start + _PAIRS]))
        )
        found.update({(row.story_id, row.revision): row.recorded_at for row in rows})
    return found


def stories_at_revision(
    connection: Connection, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Story]:
    """Return stories as they read at the given (story id, revision)."""
    pairs = list(set(wanted))
    found: dict[tuple[int, int], Story] = {}
    for start in range(0, len(pairs), _PAIRS):
        query = _joined(None).where(
            tuple_(story_revisions.c.story_id, story_revisions.c.revision).in_(
                pairs[start : start + _PAIRS]
            )
        )
        for story in read_stories(connection, query):
            found[story.id, story.revision] = story
    return found


def read_stories(connection: Connection, query: Select[Any]) -> list[Story]:
    """Run a query made of `_joined` and return its stories with their current tags."""
    rows = connection.execute(query).all()
    spans = tag_spans(connection, list({row.id for row in rows}))
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
        stories.c.embargo_until_at,
        story_revisions,
    ).join_from(stories, story_revisions, on if on_revision is None else and_(on, on_revision))


def tag_spans(connection: Connection, story_ids: Sequence[int]) -> dict[int, list[TagSpan]]:
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
        embargo_until_at=row.embargo_until_at,
    )
