"""Letters that operators write: drafts, who would get them, a test, then a run."""

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from starlette.responses import HTMLResponse, Response

from mailer.core.adhoc_letters import AdHocLetter, read_letter_text
from mailer.core.runs import Run
from mailer.errors import InputError
from mailer.flows.reach_of_letter import Reach, reach_of_letter
from mailer.flows.send_letter import send_letter
from mailer.flows.steer_run import Steer, steer_run
from mailer.flows.try_letter import see_letter, try_letter
from mailer.ports import Accepted
from mailer.render.mail import Mail
from mailer.store.adhoc_letters import (
    add_letter,
    change_letter,
    find_letter,
    list_letters,
    remove_letter,
)
from mailer.store.newsletters import list_newsletters
from mailer.store.runs import find_run
from mailer.web.desk.frames import FRAME_HEADERS, framed
from mailer.web.desk.shifts import Operates, Shift, Views
from mailer.web.visits import Area, Asked, Fields, Posted, bell_of

router = Area(prefix="/operate/letters")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PAGE = 50


class LetterStep(StrEnum):
    """What can be done to a letter."""

    TEST = "test"
    SEND = "send"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    REMOVE = "remove"


@router.get("")
def show_all(shift: Views, asked: Asked) -> Response:
    """List letters with the counts of their runs."""
    with shift.database.read() as connection:
        letters = list_letters(
            connection,
            _PAGE,
            before_id=asked.row_id("before"),
        )
        runs = {
            each.run_id: find_run(connection, each.run_id)
            for each in letters
            if each.run_id is not None
        }
    return shift.page(
        "letters.html",
        rows=[(each, runs.get(each.run_id or 0)) for each in letters],
        next_id=letters[-1].id if len(letters) == _PAGE else None,
    )


@router.get("/new")
def ask(shift: Operates) -> Response:
    """Offer the form."""
    return _form(shift, Fields([("expression", "*")]))


@router.post("/new")
def write(shift: Operates, posted: Posted) -> Response:
    """Keep a draft: nothing is sent."""
    # A field that is too long is refused here: the form could not show it again.
    newsletter, subject, expression = (
        posted[name] for name in ("newsletter", "subject", "expression")
    )
    try:
        text = read_letter_text(newsletter, subject, posted.long("source"), expression)
        # Refuses an expression that means nothing, before anything is kept.
        reach_of_letter(shift.database, text.newsletter, text.expression, as_of=shift.visit.now)
        with shift.database.write() as connection:
            letter_id = add_letter(connection, text, shift.operator.email, shift.visit.now)
    except InputError as problem:
        return _form(shift, posted, error=str(problem), status=422)
    shift.record("letter written", f"letter {letter_id}", text.subject)
    return shift.go(f"/operate/letters/{letter_id}", "Kept as a draft: nothing is sent")


@router.get("/{letter_id}")
def show(shift: Views, letter_id: AnId) -> Response:
    """Show a letter, who would get it, and how it looks."""
    return _one(shift, letter_id)


@router.get("/{letter_id}/mail")
def draw(shift: Views, letter_id: AnId) -> Response:
    """Give its HTML for the frame that holds it (S10)."""
    with shift.database.read() as connection:
        letter = find_letter(connection, letter_id)
    mail = _seen(shift, letter)
    return HTMLResponse(framed(mail.html, mail.text), headers=FRAME_HEADERS)


@router.post("/{letter_id}")
def edit(shift: Operates, letter_id: AnId, posted: Posted) -> Response:
    """Write other words into a draft; they must be tested anew."""
    try:
        text = read_letter_text(
            posted["newsletter"], posted["subject"], posted.long("source"), posted["expression"]
        )
        reach_of_letter(shift.database, text.newsletter, text.expression, as_of=shift.visit.now)
        with shift.database.write() as connection:
            change_letter(connection, letter_id, text, shift.operator.email, shift.visit.now)
    except InputError as problem:
        return _one(shift, letter_id, fields=posted, error=str(problem), status=422)
    shift.record("letter changed", f"letter {letter_id}", text.subject)
    return shift.go(f"/operate/letters/{letter_id}", "Saved")


@router.post("/{letter_id}/{step}")
def act(shift: Operates, letter_id: AnId, step: LetterStep) -> Response:
    """Test it, send it, steer its run, or throw a draft away."""
    place = f"/operate/letters/{letter_id}"
    try:
        match step:
            case LetterStep.TEST:
                return shift.go(place, _try(shift, letter_id))
            case LetterStep.SEND:
                return shift.go(place, _send(shift, letter_id))
            case LetterStep.REMOVE:
                with shift.database.write() as connection:
                    remove_letter(connection, letter_id)
                shift.record("letter removed", f"letter {letter_id}")
                return shift.go("/operate/letters", "The draft is thrown away")
            case _:
                return shift.go(place, _steer(shift, letter_id, Steer(step)))
    except InputError as problem:
        return _one(shift, letter_id, error=str(problem), status=422)


def _try(shift: Shift, letter_id: int) -> str:
    backend = shift.visit.room.open_backend()
    try:
        tried = try_letter(
            shift.visit.room.test_desk(),
            backend,
            letter_id,
            to=shift.operator.email,
            actor=shift.operator.email,
            now=shift.visit.now,
        )
    finally:
        backend.close()
    if not isinstance(tried.outcome, Accepted):
        raise InputError(f"the test to {tried.to} was not taken: {tried.outcome.reply}")
    return f"The test went to {tried.to}: read it there, then send"


def _send(shift: Shift, letter_id: int) -> str:
    # S16: what goes to many asks for the password again after a while.
    shift.require_fresh()
    sent = send_letter(
        shift.visit.room.desk,
        letter_id,
        actor=shift.operator.email,
        now=shift.visit.now,
        address=shift.visit.client,
    )
    bell = bell_of(shift.visit)
    if bell is not None:
        bell.ring_plan(sent.run_id)
    return f"Run {sent.run_id} carries it" if sent.created else "It was sent already"


def _steer(shift: Shift, letter_id: int, action: Steer) -> str:
    with shift.database.read() as connection:
        run_id = find_letter(connection, letter_id).run_id
    if run_id is None:
        raise InputError("it is a draft: nothing of it is being sent")
    desk = shift.visit.room.desk
    steer_run(
        desk.database,
        run_id,
        action,
        now=shift.visit.now,
        signer=desk.signer,
        throttle=desk.throttle,
        reason=f"by {shift.operator.email}",
    )
    shift.record(f"letter {action}", f"letter {letter_id}", f"run {run_id}")
    bell = bell_of(shift.visit)
    if bell is not None and action is Steer.RESUME:
        bell.ring_plan(run_id)
        bell.ring_deliver(run_id)
    return {"pause": "Paused", "resume": "It goes on", "cancel": "Cancelled"}[action]


def _form(shift: Shift, fields: Fields, *, error: str = "", status: int = 200) -> Response:
    with shift.database.read() as connection:
        newsletters = list_newsletters(connection)
    return shift.page(
        "letter_form.html", status=status, newsletters=newsletters, fields=fields, error=error
    )


def _one(
    shift: Shift,
    letter_id: int,
    *,
    fields: Fields | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    run: Run | None = None
    reach: Reach | None = None
    with shift.database.read() as connection:
        letter = find_letter(connection, letter_id)
        newsletters = list_newsletters(connection)
        if letter.run_id is not None:
            run = find_run(connection, letter.run_id)
    mail: Mail | None = None
    trouble = ""
    try:
        mail = _seen(shift, letter)
        if run is None:
            reach = reach_of_letter(
                shift.database,
                letter.text.newsletter,
                letter.text.expression,
                as_of=shift.visit.now,
            )
    except InputError as problem:
        trouble = str(problem)
    return shift.page(
        "letter.html",
        status=status,
        letter=letter,
        run=run,
        reach=reach,
        mail=mail,
        trouble=trouble,
        newsletters=newsletters,
        fields=fields or _fields_of(letter),
        error=error,
    )


def _seen(shift: Shift, letter: AdHocLetter) -> Mail:
    return see_letter(
        shift.visit.room.test_desk(),
        letter,
        name=shift.operator.name or "Ada Moreau",
        email=shift.operator.email,
        now=shift.visit.now,
    )


def _fields_of(letter: AdHocLetter) -> Fields:
    text = letter.text
    return Fields(
        [
            ("newsletter", text.newsletter),
            ("subject", text.subject),
            ("source", text.source),
            ("expression", text.expression),
        ]
    )
