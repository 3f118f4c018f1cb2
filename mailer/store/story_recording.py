"""Recording drafts: each a new story, a new revision, or no change.

A feed of 5,000 entries arrives in one transaction: a batch of drafts is looked up with two
statements and written with three, whatever its size, and only what changed costs one of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mailer.core.stories import Story, StoryDraft
from mailer.store.bulk import among
from mailer.store.tables import stories, story_revisions, story_tags
from mailer.store.webhook_facts import tell_published

_BATCH = 500


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


@dataclass(frozen=True, slots=True)
class Arrival:
    """A draft with its tags, and the moment it counts as taken in."""

    draft: StoryDraft
    placed: Sequence[PlacedTag]
    at: datetime


def record_draft(
    connection: Connection,
    draft: StoryDraft,
    placed: Sequence[PlacedTag],
    *,
    now: datetime,
    not_before: datetime | None,
) -> Recorded:
    """Record one draft as `record_drafts` does."""
    return record_drafts(connection, [Arrival(draft, placed, now)], not_before=not_before)[0]


def record_drafts(
    connection: Connection,
    arrivals: Iterable[Arrival],
    *,
    not_before: datetime | None,
    are_news: bool = True,
) -> list[Recorded]:
    """Add stories, or raise the revision of those whose content changed; tags follow the drafts.

    What was done stands in the order of the arrivals; of two with one uid the later updates the
    earlier. `not_before` is the latest moment a run has looked at: what arrives now must not
    become eligible before it, or no later window would have it (I2). Of an archive programs are
    told nothing: its stories are no news.
    """

    def record(batch: dict[str, Arrival]) -> list[Recorded]:
        return _Batch(connection, batch, not_before, are_news=are_news).record()

    done: list[Recorded] = []
    batch: dict[str, Arrival] = {}
    for arrival in arrivals:
        if arrival.draft.uid in batch or len(batch) == _BATCH:
            done += record(batch)
            batch = {}
        batch[arrival.draft.uid] = arrival
    return done + record(batch) if batch else done


class _Batch:
    """Drafts of different uids."""

    def __init__(
        self,
        connection: Connection,
        arrivals: dict[str, Arrival],
        not_before: datetime | None,
        *,
        are_news: bool,
    ) -> None:
        self._connection = connection
        self._are_news = are_news
        self._arrivals = arrivals
        self._not_before = not_before
        self._revisions: list[dict[str, Any]] = []
        self._tags: list[dict[str, Any]] = []

    def record(self) -> list[Recorded]:
        there = self._held(list(self._arrivals))
        new = self._add([arrival for uid, arrival in self._arrivals.items() if uid not in there])
        # Another ingest may have brought the same story at this moment.
        late = [uid for uid in self._arrivals if uid not in there and uid not in new]
        there |= self._held(late) if late else {}
        for uid, story_id in new.items():
            arrival = self._arrivals[uid]
            self._revise(story_id, 1, arrival)
            self._place(story_id, arrival, [])
        standing = self._standing([row.id for row in there.values()])
        done = [
            self._update(there[uid], arrival, standing.get(there[uid].id, []))
            if uid in there
            else Recorded.NEW
            for uid, arrival in self._arrivals.items()
        ]
        for table, rows in ((story_revisions, self._revisions), (story_tags, self._tags)):
            if rows:
                self._connection.execute(insert(table), rows)
        arrived = {story_id: self._arrivals[uid] for uid, story_id in new.items() if self._are_news}
        tell_published(
            self._connection,
            {story_id: (one.draft.title, one.at) for story_id, one in arrived.items()},
        )
        return done

    def _held(self, uids: Sequence[str]) -> dict[str, Row[Any]]:
        """Lock the stories of these uids, always in the same order, and return them."""
        found: dict[str, Row[Any]] = {}
        for condition in among(self._connection, stories.c.uid, uids):
            query = select(stories).where(condition).order_by(stories.c.id).with_for_update()
            found |= {row.uid: row for row in self._connection.execute(query)}
        return found

    def _add(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """Add stories and return their ids; one whose uid is there by now is left out."""
        if not arrivals:
            return {}
        is_postgresql = self._connection.dialect.name == "postgresql"
        plain = postgresql_insert if is_postgresql else sqlite_insert
        rows = self._connection.execute(
            plain(stories)
            .on_conflict_do_nothing(index_elements=[stories.c.uid])
            .returning(stories.c.id, stories.c.uid),
            # Two ingests that bring the same stories lock them in the same order.
            [self._new_row(one) for one in sorted(arrivals, key=lambda one: one.draft.uid)],
        )
        return {row.uid: row.id for row in rows}

    def _new_row(self, arrival: Arrival) -> dict[str, Any]:
        draft, frontier = arrival.draft, self._frontier(arrival)
        published_at = draft.published_at or arrival.at
        return {
            "uid": draft.uid,
            "revision": 1,
            "content_hash": draft.content_hash(),
            "published_at": published_at,
            "embargo_until_at": draft.embargo_until_at,
            "ingested_at": arrival.at,
            "eligible_at": max(frontier, published_at, draft.embargo_until_at or frontier),
            "urgent": draft.urgent,
        }

    def _frontier(self, arrival: Arrival) -> datetime:
        return max(arrival.at, self._not_before) if self._not_before else arrival.at

    def _standing(self, story_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
        """Return the current tags of these stories, and those that operators took off them."""
        found: dict[int, list[Row[Any]]] = {}
        for condition in among(self._connection, story_tags.c.story_id, story_ids):
            query = select(story_tags).where(
                condition,
                or_(story_tags.c.removed_at.is_(None), story_tags.c.source == "operator"),
            )
            for row in self._connection.execute(query):
                found.setdefault(row.story_id, []).append(row)
        return found

    def _update(self, row: Row[Any], arrival: Arrival, standing: Sequence[Row[Any]]) -> Recorded:
        values = steering(row, _as_operators_set(row, arrival.draft), self._frontier(arrival))
        if row.document_steering not in (None, document_steering(arrival.draft)):
            values["document_steering"] = None
        content_hash = arrival.draft.content_hash()
        if content_hash != row.content_hash:
            values |= {"revision": row.revision + 1, "content_hash": content_hash}
            self._revise(row.id, row.revision + 1, arrival)
        changed = any(getattr(row, name) != value for name, value in values.items())
        if changed:
            self._connection.execute(update(stories).where(stories.c.id == row.id).values(values))
        if self._place(row.id, arrival, standing):
            changed = True
        return Recorded.UPDATED if changed else Recorded.UNCHANGED

    def _revise(self, story_id: int, revision: int, arrival: Arrival) -> None:
        draft = arrival.draft
        self._revisions.append(
            {
                "story_id": story_id,
                "revision": revision,
                "recorded_at": arrival.at,
                "title": draft.title,
                "url": draft.url,
                "summary": draft.summary,
                "body_html": draft.body_html,
                "byline": draft.byline,
                "dateline": draft.dateline,
                "language": draft.language,
                "see_also": [
                    [other.title, other.url, other.published_on and other.published_on.isoformat()]
                    for other in draft.see_also
                ],
            }
        )

    def _place(self, story_id: int, arrival: Arrival, standing: Sequence[Row[Any]]) -> bool:
        """Make the story's tags those placed, and say whether that changed anything.

        What operators put on stays; what they took off is not brought back by a document.
        """
        at = self._frontier(arrival)
        there = {row.tag_id: row for row in standing if row.removed_at is None}
        taken_off = {row.tag_id for row in standing} - set(there)
        wanted = {tag.tag_id: tag for tag in arrival.placed}
        changed = False
        for row in there.values():
            if row.tag_id not in wanted and row.source == "document":
                self._change_tag(row, removed_at=at)
                changed = True
        for tag in arrival.placed:
            stands = there.get(tag.tag_id)
            if tag.tag_id in taken_off and tag.source == "document":
                continue
            if stands is None:
                self._tags.append(
                    {
                        "story_id": story_id,
                        "tag_id": tag.tag_id,
                        "position": tag.position,
                        "source": tag.source,
                        "added_at": at,
                    }
                )
                changed = True
            elif stands.position != tag.position:
                # Only its place in the printed line: readers of the tag have the story already.
                self._change_tag(stands, position=tag.position)
                changed = True
        return changed

    def _change_tag(self, row: Row[Any], **values: Any) -> None:
        self._connection.execute(update(story_tags).where(story_tags.c.id == row.id).values(values))


def document_steering(said: StoryDraft | Story) -> str:
    """Return what a document says of embargo and urgency, to know it when it says it again."""
    until = said.embargo_until_at
    return f"{until.astimezone(UTC).isoformat() if until else ''} {said.urgent}"


def _as_operators_set(row: Row[Any], draft: StoryDraft) -> StoryDraft:
    """Keep what an operator set as long as the document only says again what it had said."""
    if row.document_steering != document_steering(draft):
        return draft
    return replace(draft, embargo_until_at=row.embargo_until_at, urgent=row.urgent)


def steering(row: Row[Any], draft: StoryDraft, frontier: datetime) -> dict[str, Any]:
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
