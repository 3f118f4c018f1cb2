"""Stories: search, publish, edit, correct, retract; and who would get one before that."""

from urllib.parse import quote

from starlette.responses import Response

from mailer.core.corrections import CorrectionKind
from mailer.errors import InputError, NotFoundError
from mailer.flows.correct_story import Amendment, correct_story
from mailer.flows.edit_story import Edit, edit_story, look_at_story
from mailer.flows.ingest_document import ingest_document
from mailer.flows.tag_story import Retagging, tag_story, weigh_tags
from mailer.flows.who_wants import who_wants
from mailer.ingest.jsonl import read_objects
from mailer.store.stories import find_stories
from mailer.store.story_search import search_stories
from mailer.web.desk.shifts import Edits, Shift, Views
from mailer.web.visits import Area, Asked, Fields, Posted, ring

router = Area(prefix="/operate")
_PAGE = 50
_WORDS = ("title", "url", "summary", "byline")
_FIELDS = ("uid", "title", "url", "summary", "byline", "published_at", "embargo_until")


@router.get("/stories")
def search(shift: Views, asked: Asked) -> Response:
    """Find stories."""
    with shift.database.read() as connection:
        rows = search_stories(
            connection,
            words=asked["words"],
            tag=asked["tag"],
            before_id=asked.row_id("before"),
            limit=_PAGE,
        )
    return shift.page(
        "stories.html",
        rows=rows,
        words=asked["words"],
        tag=asked["tag"],
        next_id=rows[-1].id if len(rows) == _PAGE else None,
    )


@router.get("/stories/new")
def ask(shift: Edits) -> Response:
    """Offer the form."""
    return shift.page("story_form.html", fields=Fields([]), wants=None, error="")


@router.post("/stories/new")
def publish(shift: Edits, posted: Posted) -> Response:
    """Show who would get it, or publish it."""
    error, wants = "", None
    places = _labels(posted["kicker"])
    topics = _labels(posted["tags"])
    record: dict[str, object] = {name: posted[name] for name in _FIELDS if posted[name]}
    record.setdefault("published_at", shift.visit.now.isoformat())
    record |= {"kicker": places, "tags": topics, "urgent": posted["urgent"] == "yes"}
    try:
        document = read_objects([record])
        if document.rejections:
            raise InputError(f"the story {document.rejections[0].reason}")
        if posted["really"] != "yes":
            wants = who_wants(shift.database, (*places, *topics))
        else:
            report = ingest_document(shift.database, document, now=shift.visit.now)
            if report.rejections:
                raise InputError(f"the story {report.rejections[0].reason}")
            uid = report.stories[0].uid
            shift.record("story published", f"story {uid}", report.stories[0].title)
            return shift.go(f"/operate/story?uid={_quoted(uid)}", "Published")
    except InputError as problem:
        error = str(problem)
    return shift.page(
        "story_form.html",
        status=422 if error else 200,
        fields=posted,
        wants=wants,
        error=error,
    )


@router.get("/story")
def show(shift: Views, asked: Asked) -> Response:
    """Show one story with what may be done to it."""
    return _one(shift, asked["uid"], Fields([]))


@router.get("/story/edit")
def ask_edit(shift: Edits, asked: Asked) -> Response:
    """Offer what can be changed of a story."""
    story, _ = look_at_story(shift.database, asked["uid"])
    until = story.embargo_until_at
    fields = [(name, str(getattr(story, name))) for name in (*_WORDS, "revision")]
    fields += [
        ("embargo_until", until.isoformat() if until else ""),
        ("urgent", "yes" if story.urgent else ""),
    ]
    return _editing(shift, story.uid, Fields(fields))


@router.post("/story/edit")
def edit(shift: Edits, posted: Posted) -> Response:
    """Change a story; nobody is written to."""
    uid = posted["uid"]
    # A box that is not ticked is not posted: its neighbour says whether it was on the page.
    steers = "embargo_until" in posted
    asked = Edit(
        **{name: posted[name] for name in _WORDS if name in posted},
        embargo_until=posted["embargo_until"] if steers else None,
        urgent=posted["urgent"] == "yes" if steers else None,
        revision=posted.row_id("revision"),
    )
    try:
        edited = edit_story(
            shift.database,
            uid,
            asked,
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as problem:
        return _editing(shift, uid, posted, error=str(problem), status=422)
    ring(shift.visit)
    done = f"Changed: {', '.join(edited.changes)}" if edited.changes else "It was so already"
    if edited.changes and not edited.mailed.is_nowhere:
        done += f"; {edited.mailed.reader_count} readers have an older version and are not told"
    return shift.go(f"/operate/story?uid={_quoted(uid)}", done)


@router.post("/story/tags")
def retag(shift: Edits, posted: Posted) -> Response:
    """Say what other tags would mean, or put them on."""
    uid, places, topics = posted["uid"], _labels(posted["kicker"]), _labels(posted["tags"])
    try:
        if posted["really"] != "yes":
            means = weigh_tags(shift.database, uid, places, topics)
            return _one(shift, uid, posted, means=means)
        changed = tag_story(
            shift.database,
            uid,
            places,
            topics,
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as problem:
        return _one(shift, uid, posted, error=str(problem), status=422)
    done = "Its tags are changed" if changed else "It had these tags already"
    return shift.go(f"/operate/story?uid={_quoted(uid)}", done)


@router.post("/story")
def amend(shift: Edits, posted: Posted) -> Response:
    """Correct or retract a story; who got the wrong version is told once."""
    kind = posted["kind"]
    if kind not in list(CorrectionKind):
        raise InputError(f"unknown kind '{kind[:40]}'")
    amendment = Amendment(
        kind=CorrectionKind(kind),
        note=posted["note"],
        title=posted["title"] if kind == CorrectionKind.CORRECTION else "",
        summary=posted["summary"] if kind == CorrectionKind.CORRECTION else "",
    )
    uid = posted["uid"]
    correct_story(
        shift.visit.room.desk, uid, amendment, now=shift.visit.now, actor=shift.operator.email
    )
    ring(shift.visit)
    done = "Corrected" if kind == CorrectionKind.CORRECTION else "Retracted"
    return shift.go(f"/operate/story?uid={_quoted(uid)}", f"{done}; who had it is told")


def _editing(
    shift: Shift, uid: str, fields: Fields, *, error: str = "", status: int = 200
) -> Response:
    story, mailed = look_at_story(shift.database, uid)
    return shift.page(
        "story_edit.html",
        status=status,
        story=story,
        mailed=mailed,
        fields=fields,
        error=error,
    )


def _one(
    shift: Shift,
    uid: str,
    fields: Fields,
    *,
    means: Retagging | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    with shift.database.read() as connection:
        found = find_stories(connection, [uid])
    if not found:
        raise NotFoundError("no such story")
    story = found[0]
    return shift.page(
        "story.html",
        status=status,
        story=story,
        wants=who_wants(shift.database, story.tags),
        kicker=fields["kicker"] or ", ".join(story.kicker),
        tags=fields["tags"] or ("" if fields["kicker"] else ", ".join(story.topics)),
        means=means,
        error=error,
    )


def _labels(text: str) -> list[str]:
    return [label.strip() for label in text.split(",") if label.strip()]


def _quoted(uid: str) -> str:
    return quote(uid, safe="")
