"""Edit a story as the newsroom's system would: new words, another embargo, urgent or not."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.stories import Story, StoryDraft
from mailer.errors import InputError
from mailer.ingest.drafts import make_draft
from mailer.ingest.records import Record
from mailer.store.audit import COMMAND_LINE, record_change
from mailer.store.database import Database
from mailer.store.runs import hold_frontier
from mailer.store.stories import find_story
from mailer.store.story_editing import Mailed, hold_story, mailed_up_to
from mailer.store.story_editing import edit_story as write_edit


@dataclass(frozen=True, slots=True)
class Edit:
    """What shall be otherwise; None leaves a part as it is.

    An empty embargo ends it. `revision` is the one that was looked at, when that is known.
    """

    title: str | None = None
    url: str | None = None
    summary: str | None = None
    byline: str | None = None
    embargo_until: str | None = None
    urgent: bool | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The story as it is now, what was changed, and who has what it was before.

    Nobody is written to: that is what a correction does.
    """

    story: Story
    changes: tuple[str, ...]
    mailed: Mailed


def look_at_story(database: Database, uid: str) -> tuple[Story, Mailed]:
    """Return a story with who has been mailed it; raises NotFoundError, and InputError when out."""
    with database.read() as connection:
        story = find_story(connection, uid, standing=True)
        return story, mailed_up_to(connection, story.id, story.revision)


def edit_story(
    database: Database,
    uid: str,
    edit: Edit,
    *,
    actor: str = COMMAND_LINE,
    address: str = "",
    now: datetime,
) -> Edited:
    """Change a story by the rules of ingest; its tags, text and dates stay. Twice changes once.

    Words of which something changed are a new revision. Embargo and urgency can be changed while
    no mail holds the story: afterwards they would change nothing for whoever has it.
    Raises NotFoundError, and InputError for what cannot be, such as a retracted story.
    """
    with database.write() as connection:
        frontier = max(now, hold_frontier(connection, moving=False) or now)
        hold_story(connection, uid)
        story = find_story(connection, uid, standing=True)
        if edit.revision not in (None, story.revision):
            raise InputError(
                f"somebody changed the story meanwhile, it is at revision {story.revision}: "
                "look at it and edit again"
            )
        mailed = mailed_up_to(connection, story.id, story.revision)
        draft = _draft(story, edit)
        changes = _changes(story, draft)
        if {"embargo", "urgent"} & set(changes) and not mailed.is_nowhere:
            raise InputError(
                "mails hold the story already: embargo and urgent can be changed no more; "
                "to take it back, retract it"
            )
        if changes and write_edit(connection, story, draft, frontier=frontier, now=now):
            record_change(
                connection,
                actor=actor,
                action="story edited",
                subject=f"story {uid}",
                detail=_told(changes, draft),
                address=address,
                now=now,
            )
        return Edited(find_story(connection, uid, standing=True), changes, mailed)


def _draft(story: Story, edit: Edit) -> StoryDraft:
    """Return the story as edited; what is left as it is goes through no cleaning again."""
    given = Record({"url": edit.url or "", "embargo_until": edit.embargo_until or ""})
    cleaned = make_draft(
        uids=(story.uid,),
        title=story.title if edit.title is None else edit.title,
        url=given.url("url"),
        summary=edit.summary or "",
        byline=edit.byline or "",
        embargo_until_at=given.instant("embargo_until"),
    )
    as_it_is = StoryDraft(
        uid=story.uid,
        title=story.title,
        url=story.url,
        summary=story.summary,
        byline=story.byline,
        published_at=story.published_at,
        embargo_until_at=story.embargo_until_at,
        urgent=story.urgent,
    )
    return replace(
        as_it_is,
        title=story.title if edit.title is None else cleaned.title,
        url=story.url if edit.url is None else cleaned.url,
        summary=story.summary if edit.summary is None else cleaned.summary,
        byline=story.byline if edit.byline is None else cleaned.byline,
        embargo_until_at=(
            story.embargo_until_at if edit.embargo_until is None else cleaned.embargo_until_at
        ),
        urgent=story.urgent if edit.urgent is None else edit.urgent,
    )


def _changes(story: Story, draft: StoryDraft) -> tuple[str, ...]:
    pairs = {
        "headline": (story.title, draft.title),
        "address": (story.url, draft.url),
        "summary": (story.summary, draft.summary),
        "byline": (story.byline, draft.byline),
        "embargo": (story.embargo_until_at, draft.embargo_until_at),
        "urgent": (story.urgent, draft.urgent),
    }
    return tuple(name for name, (was, is_now) in pairs.items() if was != is_now)


def _told(changes: tuple[str, ...], draft: StoryDraft) -> str:
    until = draft.embargo_until_at
    said = {
        "embargo": f"embargo until {until:%Y-%m-%d %H:%M} UTC" if until else "no embargo",
        "urgent": "urgent" if draft.urgent else "not urgent",
    }
    return ", ".join(said.get(name, name) for name in changes)
