"""Newsletters: list, add, edit, and how a mail of each looks."""

from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from mailer.bootstrap import open_workbench
from mailer.core.locales import read_locale
from mailer.core.notices import Occasion
from mailer.core.readers import OF_FOLLOWS, Cadence, MailFormat, Newsletter
from mailer.errors import InputError, NotFoundError
from mailer.flows.add_newsletter import add_newsletter
from mailer.flows.edit_newsletter import edit_newsletter
from mailer.flows.preview_mail import preview_mail
from mailer.render.samples import VOCABULARY, sample_letter
from mailer.store.newsletters import (
    find_newsletter,
    list_newsletters,
    some_follower,
    subscriber_counts,
)
from mailer.web.desk.frames import FRAME_HEADERS, framed
from mailer.web.desk.runs import read_cadence
from mailer.web.desk.shifts import Edits, Shift, Views
from mailer.web.visits import Area, Asked, Fields, Posted

router = Area(prefix="/operate")


@dataclass(frozen=True, slots=True)
class _Sight:
    """A mail to look at. Without a `reader` it is made of sample stories; `why` says why."""

    reader: str
    cadence: Cadence
    subject: str
    sender: str
    html: str
    text: str
    size: int
    why: str = ""


@router.get("/newsletters")
def show_all(shift: Views) -> Response:
    """List newsletters with how many readers each has."""
    with shift.database.read() as connection:
        found = list_newsletters(connection)
        counts = subscriber_counts(connection)
    return shift.page("newsletters.html", rows=[(each, counts.get(each.id, 0)) for each in found])


@router.get("/newsletters/new")
def ask(shift: Edits) -> Response:
    """Offer the form."""
    return _form(shift, Fields([("cadences", cadence) for cadence in OF_FOLLOWS]), None)


@router.post("/newsletters/new")
def add(shift: Edits, posted: Posted) -> Response:
    """Add a newsletter."""
    slug = posted["slug"]
    try:
        values = _values(shift, posted)
        values["sender_name"] = values["sender_name"] or values["name"]
        add_newsletter(shift.database, Newsletter(id=0, slug=slug, **values))
    except InputError as problem:
        return _form(shift, posted, None, error=str(problem), status=422)
    shift.record("newsletter added", f"newsletter {slug}", values["name"])
    return shift.go(_address(slug), "Added")


@router.get("/newsletter")
def show(shift: Views, asked: Asked) -> Response:
    """Show one newsletter, with its form and what its mail looks like."""
    with shift.database.read() as connection:
        newsletter = find_newsletter(connection, asked["slug"])
    return _form(shift, _fields_of(newsletter), newsletter)


@router.post("/newsletter")
def edit(shift: Edits, posted: Posted) -> Response:
    """Change a newsletter."""
    with shift.database.read() as connection:
        newsletter = find_newsletter(connection, posted["slug"])
    try:
        values = _values(shift, posted)
        was = asdict(newsletter)
        changed = {name: value for name, value in values.items() if value != was[name]}
        edit_newsletter(shift.database, newsletter.slug, changed)
    except InputError as problem:
        return _form(shift, posted, newsletter, error=str(problem), status=422)
    if changed:
        shift.record(
            "newsletter changed", f"newsletter {newsletter.slug}", ", ".join(sorted(changed))
        )
    return shift.go(_address(newsletter.slug), "Saved")


@router.get("/newsletter/preview")
def preview(shift: Views, asked: Asked) -> Response:
    """Show the mail a reader would get now, or one of sample stories."""
    newsletter, sight, error = _look(shift, asked)
    return shift.page(
        "newsletter_preview.html",
        status=422 if error else 200,
        newsletter=newsletter,
        sight=sight,
        reader=asked["reader"] or sight.reader,
        error=error,
    )


@router.get("/newsletter/mail")
def draw(shift: Views, asked: Asked) -> Response:
    """Give the HTML of that mail for the frame that holds it (S10)."""
    _, sight, _ = _look(shift, asked)
    return HTMLResponse(framed(sight.html, sight.text), headers=FRAME_HEADERS)


def _look(shift: Shift, asked: Fields) -> tuple[Newsletter, _Sight, str]:
    with shift.database.read() as connection:
        newsletter = find_newsletter(connection, asked["slug"])
        some = some_follower(connection, newsletter.id)
    email = asked["reader"] or (some[0] if some else "")
    cadence = some[1] if some else Cadence.DAILY
    if asked["cadence"]:
        cadence = read_cadence(asked["cadence"])
    if not email:
        return newsletter, _sample(shift, newsletter, cadence, "nobody follows it yet"), ""
    try:
        # Its links lead nowhere: whoever looks must not unsubscribe her.
        found, _ = preview_mail(
            shift.visit.room.test_desk(),
            newsletter.slug,
            cadence,
            reader_email=email,
            as_of=shift.visit.now,
        )
    except NotFoundError:
        error = f"there is no reader '{email}'"
        return newsletter, _sample(shift, newsletter, cadence, error), error
    if found is None:
        why = f"nothing is new for {email}, or she does not follow it {cadence}"
        return newsletter, _sample(shift, newsletter, cadence, why), ""
    mail = found.mail
    size = len(found.content)
    return (
        newsletter,
        _Sight(email, cadence, mail.subject, found.sender, mail.html, mail.text, size),
        "",
    )


def _sample(shift: Shift, newsletter: Newsletter, cadence: Cadence, why: str) -> _Sight:
    bench = open_workbench(shift.visit.room.settings)
    template = "alert" if cadence is Cadence.INSTANT else newsletter.template
    letter = sample_letter(template, locale=newsletter.locales[0], format=MailFormat.HTML)
    letter = replace(letter, newsletter=newsletter, cadence=cadence)
    drawn = bench.draw_paper(letter, VOCABULARY)
    mail = drawn.mail
    return _Sight(
        "",
        cadence,
        mail.subject,
        newsletter.sender_address,
        mail.html,
        mail.text,
        len(drawn.content),
        why,
    )


def _form(
    shift: Shift,
    fields: Fields,
    newsletter: Newsletter | None,
    *,
    error: str = "",
    status: int = 200,
) -> Response:
    return shift.page(
        "newsletter.html",
        status=status,
        newsletter=newsletter,
        fields=fields,
        chosen=fields.all("cadences"),
        cadences=list(OF_FOLLOWS),
        templates=_templates(shift),
        error=error,
    )


def _values(shift: Shift, fields: Fields) -> dict[str, Any]:
    """Return a form's values by the names of a newsletter's fields; raises InputError."""
    template = fields["template"] or "digest"
    if template not in _templates(shift):
        raise InputError(f"'{template[:40]}' is no template of a digest")
    cadences = tuple(read_cadence(each) for each in fields.all("cadences"))
    if not cadences:
        raise InputError("choose at least one cadence")
    if not fields["name"]:
        raise InputError("a newsletter needs a name")
    locales = tuple(read_locale(each) for each in fields["locales"].replace(",", " ").split())
    return {
        "name": fields["name"],
        "description": fields["description"],
        "sender_name": fields["sender_name"],
        "sender_address": fields["sender_address"],
        "reply_to": fields["reply_to"],
        "template": template,
        "locales": locales or ("en",),
        "cadences": cadences,
        "base_expression": fields["base_expression"] or "*",
        "timezone": fields["timezone"] or "UTC",
    }


def _fields_of(newsletter: Newsletter) -> Fields:
    pairs = [(name, str(value)) for name, value in asdict(newsletter).items()]
    pairs = [(name, value) for name, value in pairs if name not in ("cadences", "locales")]
    pairs += [("cadences", cadence.value) for cadence in newsletter.cadences]
    return Fields([*pairs, ("locales", ", ".join(newsletter.locales))])


def _templates(shift: Shift) -> list[str]:
    """Return the names of templates for digests."""
    names = open_workbench(shift.visit.room.settings).names()
    return [name for name in names if name != "alert" and name not in frozenset(Occasion)]


def _address(slug: str) -> str:
    return f"/operate/newsletter?slug={quote(slug, safe='')}"
