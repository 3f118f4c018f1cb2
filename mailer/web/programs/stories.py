"""Stories and tags for programs: a CMS posts a story and sees it mailed."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mailer.core.api_keys import Scope
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.flows.documents import story_document
from mailer.flows.ingest_document import ingest_document
from mailer.ingest.jsonl import read_objects
from mailer.store.stories import find_stories
from mailer.store.story_search import search_stories
from mailer.store.tags import read_vocabulary, story_counts
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area

router = Area(include_in_schema=True)
Reads = Annotated[Call, allowed(Scope.STORIES_READ)]
Writes = Annotated[Call, allowed(Scope.STORIES_WRITE)]
Labels = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]


class StoryIn(BaseModel):
    """A story as an editor publishes it. The same `uid` again changes it."""

    model_config = ConfigDict(extra="forbid")

    uid: str = Field("", max_length=300, description="Its lasting name; without one its `url`.")
    title: str = Field(min_length=1, max_length=1000)
    url: str = Field("", max_length=2000)
    summary: str = Field("", max_length=20_000)
    body_html: str = Field("", max_length=65_536)
    byline: str = Field("", max_length=500)
    dateline: str = Field("", max_length=500)
    language: str = Field("", max_length=35)
    published_at: str = Field("", max_length=64, description="ISO 8601; without one: now.")
    embargo_until: str = Field("", max_length=64, description="ISO 8601: not mailed before.")
    urgent: bool = Field(False, description="Also readers of digests get it at once.")
    kicker: Labels = Field(default_factory=list, description="Place tags, in printed order.")
    tags: Labels = Field(default_factory=list, description="Topics: labels, slugs or aliases.")


@router.post("/stories", status_code=201, summary="Publish or change a story", tags=["stories"])
def post_story(call: Writes, story: StoryIn, name: Named = "") -> JSONResponse:
    """Record a story; readers who follow its tags instantly get it at the next look.

    201 when it is new, 200 when it was changed or is as it was.
    """
    asked = story.model_dump()

    def do() -> tuple[int, Document]:
        filled = {name: value for name, value in asked.items() if value not in ("", [])}
        filled.setdefault("published_at", call.visit.now.isoformat())
        document = read_objects([filled])
        if document.rejections:
            raise InputError(f"the story {document.rejections[0].reason}")
        report = ingest_document(call.visit.room.desk.database, document, now=call.visit.now)
        if report.rejections:
            raise InputError(f"the story {report.rejections[0].reason}")
        done = "new" if report.new_count else "updated" if report.updated_count else "unchanged"
        if done != "unchanged":
            call.record(f"story {done}", f"story {report.stories[0].uid}")
        status = 201 if report.new_count else 200
        return status, {"done": done, "story": story_document(report.stories[0])}

    return once(call, name, asked, do)


@router.get("/stories", summary="List stories", tags=["stories"])
def list_stories(
    call: Reads,
    cursor: Cursor,
    limit: Limit = 50,
    words: Annotated[str, Query(max_length=200, description="Of the title or uid.")] = "",
    tag: Annotated[str, Query(max_length=200, description="A slug or alias.")] = "",
) -> Document:
    """List stories, the last recorded first."""
    with call.visit.room.desk.database.read() as connection:
        slug = clean_header(tag)
        if slug:
            known = read_vocabulary(connection).resolve(slug)
            slug = known.slug if known else slug
        stories = search_stories(
            connection, words=clean_header(words), tag=slug, before_id=cursor, limit=limit
        )
    last = stories[-1].id if stories else None
    return page([story_document(story) for story in stories], last, limit)


@router.get("/stories/{uid:path}", summary="Show a story", tags=["stories"])
def show_story(call: Reads, uid: Annotated[str, Path(max_length=300)]) -> Document:
    """Show a story as it stands now."""
    with call.visit.room.desk.database.read() as connection:
        stories = find_stories(connection, [clean_header(uid, 300)])
    if not stories:
        raise HTTPException(404, "no such story")
    return story_document(stories[0])


@router.get("/tags", summary="List tags", tags=["tags"])
def list_tags(call: Annotated[Call, allowed(Scope.TAGS_READ)]) -> Document:
    """List all tags with their parent, aliases and number of stories."""
    with call.visit.room.desk.database.read() as connection:
        vocabulary = read_vocabulary(connection)
        counts = story_counts(connection)
    items: list[dict[str, Any]] = [
        {
            "slug": tag.slug,
            "label": tag.label,
            "kind": tag.kind,
            "parent": tag.parent or None,
            "aliases": list(tag.aliases),
            "stories": counts.get(tag.slug, 0),
        }
        for tag in vocabulary
    ]
    return {"items": items, "next": None}
