"""Take a parsed document into the store."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.stories import ParsedDocument, Rejection, Story, StoryDraft
from mailer.core.tags import Tag, TagKind, Vocabulary, slugify
from mailer.errors import InputError
from mailer.store.database import Connection, Database
from mailer.store.runs import hold_frontier
from mailer.store.stories import find_stories
from mailer.store.story_recording import Arrival, PlacedTag, Recorded, record_drafts
from mailer.store.tags import read_vocabulary, save_tags, tag_ids


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How many stories were new, updated and unchanged; those rejected; all as they stand now."""

    new_count: int
    updated_count: int
    unchanged_count: int
    rejections: tuple[Rejection, ...]
    stories: tuple[Story, ...]


def ingest_document(
    database: Database,
    document: ParsedDocument,
    *,
    now: datetime,
    operator_tags: Sequence[str] = (),
    backdated: bool = False,
) -> IngestReport:
    """Record a document's stories, all in one transaction: they appear together (S27).

    Idempotent by uid; changed content raises the revision. Kicker labels that no tag knows become
    country tags, other labels topics. `operator_tags` are put on every story and stay when the
    document comes again without them. `backdated` counts each story as ingested when it was
    published: for an archive, whose stories must not all be news today.
    """
    rejections = list(document.rejections)
    arrivals: list[Arrival] = []
    with database.write() as connection:
        frontier = hold_frontier(connection, moving=False)
        tagging = Tagging(connection)
        for draft in document.drafts:
            try:
                placed = tagging.place(draft, operator_tags)
            except InputError as error:
                rejections.append(Rejection(draft.uid, str(error)))
                continue
            taken_at = now
            if backdated and draft.published_at is not None:
                taken_at = max(draft.published_at, draft.embargo_until_at or draft.published_at)
            arrivals.append(Arrival(draft, placed, taken_at))
        counts = Counter(
            record_drafts(
                connection,
                arrivals,
                not_before=None if backdated else frontier,
                are_news=not backdated,
            )
        )
        uids = dict.fromkeys(arrival.draft.uid for arrival in arrivals)
        stories = find_stories(connection, list(uids))
    return IngestReport(
        counts[Recorded.NEW],
        counts[Recorded.UPDATED],
        counts[Recorded.UNCHANGED],
        tuple(rejections),
        tuple(stories),
    )


class Tagging:
    """Turn labels into tags of the store, adding those that are new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._vocabulary = read_vocabulary(connection)
        self._ids = tag_ids(connection)

    def place(self, draft: StoryDraft, operator_tags: Sequence[str]) -> list[PlacedTag]:
        """Return the draft's tags, kicker first; a tag named twice stands once."""
        placed = {tag.tag_id: tag for tag in self.places(draft.kicker, draft.topics)}
        for label in operator_tags:
            tag_id = self._tag_id(label, TagKind.TOPIC)
            there = placed.get(tag_id, PlacedTag(tag_id, None))
            placed[tag_id] = replace(there, source="operator")
        return list(placed.values())

    def places(self, kicker: Sequence[str], topics: Sequence[str]) -> list[PlacedTag]:
        """Return the tags of these labels, kicker first; a tag named twice stands once."""
        placed: dict[int, PlacedTag] = {}
        for label in kicker:
            tag_id = self._tag_id(label, TagKind.COUNTRY)
            placed.setdefault(tag_id, PlacedTag(tag_id, len(placed)))
        for label in topics:
            tag_id = self._tag_id(label, TagKind.TOPIC)
            placed.setdefault(tag_id, PlacedTag(tag_id, None))
        return list(placed.values())

    def _tag_id(self, label: str, kind: TagKind) -> int:
        tag = self._vocabulary.resolve(label)
        if tag is None:
            tag = Tag(slugify(label), label, kind)
            save_tags(self._connection, [tag])
            self._vocabulary = Vocabulary([*self._vocabulary, tag])
            self._ids = tag_ids(self._connection)
        return self._ids[tag.slug]
