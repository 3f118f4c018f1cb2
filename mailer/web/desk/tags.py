"""Tags: the tree, one tag, and its changes, each shown with the follows it touches before."""

from urllib.parse import quote

from starlette.responses import Response

from mailer.core.tag_changes import TagChange, TagChangeKind
from mailer.core.tags import Tag, TagKind, slugify
from mailer.errors import InputError, NotFoundError
from mailer.flows.add_tag import add_tag
from mailer.flows.change_tags import TagReport, change_tags
from mailer.flows.list_tags import NamedTags, TagLine, list_tags
from mailer.store.tags import read_vocabulary
from mailer.web.desk.shifts import Edits, Shift, Views
from mailer.web.visits import NAMED_TAGS, Area, Asked, Fields, Posted, kept_of, ring

router = Area(prefix="/operate")
_MOST_SHOWN = 100


@router.get("/tags")
def show_all(shift: Views) -> Response:
    """Show the tree."""
    return _tree(shift, Fields([]))


@router.post("/tags")
def add(shift: Edits, posted: Posted) -> Response:
    """Add a tag."""
    try:
        label = posted["label"]
        tag = Tag(
            slugify(label),
            label,
            _kind(posted["kind"]),
            posted["parent"] or None,
            tuple(each.strip() for each in posted["aliases"].split(",") if each.strip()),
        )
        add_tag(shift.database, tag)
    except InputError as problem:
        return _tree(shift, posted, error=str(problem), status=422)
    shift.record("tag added", f"tag {tag.slug}", label)
    return shift.go(_address(tag.slug), "Added")


@router.get("/tag")
def show(shift: Views, asked: Asked) -> Response:
    """Show one tag with what may be done to it."""
    return _one(shift, asked["slug"])


@router.post("/tag")
def change(shift: Edits, posted: Posted) -> Response:
    """Show which follows a change touches, or make it: each of their readers is told once."""
    slug, kind = posted["slug"], posted["kind"]
    if kind not in list(TagChangeKind):
        raise InputError(f"unknown change '{kind[:40]}'")
    wanted = _change(TagChangeKind(kind), slug, posted["target"])
    really = posted["really"] == "yes"
    try:
        if not wanted.subject or not (wanted.target or kind == TagChangeKind.PARENT):
            raise InputError("write the name first")
        report = change_tags(
            shift.visit.room.desk,
            wanted,
            now=shift.visit.now,
            dry_run=not really,
            actor=shift.operator.email,
        )
    except InputError as problem:
        return _one(shift, slug, error=str(problem), status=422)
    if not really:
        return _one(shift, slug, report=report, target=posted["target"])
    ring(shift.visit)
    with shift.database.read() as connection:
        remaining = read_vocabulary(connection).resolve(slug)
    told = f"Done; {len(report.follows)} follows changed, {report.reader_count} readers are told"
    return shift.go(_address(remaining.slug) if remaining else "/operate/tags", told)


def _change(kind: TagChangeKind, slug: str, text: str) -> TagChange:
    """Return the change a form asks for: of an alias the tag is the target, not the subject."""
    if kind is TagChangeKind.ALIAS:
        return TagChange(kind, text, slug)
    return TagChange(kind, slug, text)


def _tree(shift: Shift, fields: Fields, *, error: str = "", status: int = 200) -> Response:
    return shift.page(
        "tags.html",
        status=status,
        lines=_lines(shift),
        kinds=list(TagKind),
        fields=fields,
        error=error,
    )


def _lines(shift: Shift) -> list[TagLine]:
    named = kept_of(shift.visit.request, NAMED_TAGS, NamedTags).get(shift.visit.now)
    return list_tags(shift.database, named)


def _one(
    shift: Shift,
    slug: str,
    *,
    report: TagReport | None = None,
    target: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    lines = _lines(shift)
    mine = next((line for line in lines if line.tag.slug == slug), None)
    if mine is None:
        raise NotFoundError("no such tag")
    return shift.page(
        "tag.html",
        status=status,
        line=mine,
        others=[line for line in lines if line.tag.slug != slug],
        children=[line for line in lines if line.tag.parent == slug],
        report=report,
        shown=report.follows[:_MOST_SHOWN] if report else (),
        target=target,
        error=error,
    )


def _kind(text: str) -> TagKind:
    try:
        return TagKind(text or TagKind.TOPIC)
    except ValueError as error:
        raise InputError(f"unknown kind '{text[:40]}'") from error


def _address(slug: str) -> str:
    return f"/operate/tag?slug={quote(slug, safe='')}"
