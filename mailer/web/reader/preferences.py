"""Preferences: asked for by address, opened by a link that is half an hour old at most."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mailer.core.addresses import read_address
from mailer.core.expressions import point_at
from mailer.core.readers import Reader, ReaderState
from mailer.core.tokens import Purpose
from mailer.errors import ExpressionError, InputError, NotFoundError
from mailer.flows.ask_to_subscribe import Answer
from mailer.flows.export_reader import export_reader
from mailer.flows.mail_link import LINK_LIFE, mail_link, mail_link_to
from mailer.flows.move_address import MOVE_LIFE, Move, move_address, read_move
from mailer.store.leaving import find_reader_by_id, find_subscription
from mailer.store.newsletters import newsletters_by_id
from mailer.web.reader.leaving import masked, undo_token
from mailer.web.reader.preference_actions import ACTIONS, Work
from mailer.web.reader.preference_views import draw_preferences
from mailer.web.visits import Area, Asked, Posted, Visit, Visiting, ring

router = Area()
EXPORT_LIFE = timedelta(days=1)


@router.get("/preferences")
def ask(visit: Visiting) -> Response:
    """Show the form that asks for the address."""
    return visit.page("preferences_ask.html", fault=False)


@router.post("/preferences")
def send(visit: Visiting, posted: Posted) -> Response:
    """Mail a link to the address, whoever it is (S8)."""
    try:
        address = read_address(posted["email"])
    except InputError:
        return visit.page("preferences_ask.html", status=422, fault=True)
    locale = visit.speech.language
    answer = mail_link(visit.room.desk, address, visit.client, locale, now=visit.now)
    return _sent(visit, answer)


@router.get("/preferences/{token}")
def show(visit: Visiting, token: str, asked: Asked) -> Response:
    """Show everything to who has a fresh link; to others what an old mail may show."""
    opened = _open(visit, token)
    if not opened.is_fresh:
        return _stale_page(visit, opened)
    undo = asked["undo"]
    return draw_preferences(visit, opened.reader, token, done=asked["done"], undo=undo)


@router.post("/preferences/{token}")
def change(visit: Visiting, token: str, posted: Posted) -> Response:
    """Make one change, or mail a fresh link to who came by an old one."""
    opened = _open(visit, token)
    if not opened.is_fresh:
        if posted["do"] in ("", "link"):
            reader_id = opened.reader.id
            return _sent(
                visit, mail_link_to(visit.room.desk, reader_id, visit.client, now=visit.now)
            )
        return _stale_page(visit, opened, status=410)
    action = ACTIONS.get(posted["do"])
    if action is None:
        raise HTTPException(422)
    try:
        done = action(Work(visit, opened.reader, posted))
    except ExpressionError as error:
        return draw_preferences(
            visit, opened.reader, token, status=422, error=str(error), picture=point_at(error)
        )
    except NotFoundError as error:
        raise HTTPException(404) from error
    except InputError as error:
        return draw_preferences(visit, opened.reader, token, status=422, error=str(error))
    if done.page:
        return visit.speaking(opened.reader.locale).page(done.page)
    undo = undo_token(visit, done.change_id, opened.reader.id) if done.change_id else ""
    return visit.go(f"/preferences/{token}?done={done.word}&undo={undo}#done")


@router.get("/export/{token}")
def export(visit: Visiting, token: str) -> Response:
    """Give her the document; the link came to her mailbox."""
    [reader_id] = visit.read_token(Purpose.EXPORT, token, lifetime=EXPORT_LIFE)
    document = export_reader(visit.room.desk.database, int(reader_id), now=visit.now)
    return JSONResponse(
        document, headers={"Content-Disposition": 'attachment; filename="my-data.json"'}
    )


@router.get("/address/{token}")
def ask_move(visit: Visiting, token: str) -> Response:
    """Show what the button would do; nothing is changed."""
    return _move_page(visit, _move(visit, token, lambda number: read_move(visit.room.desk, number)))


@router.post("/address/{token}")
def move(visit: Visiting, token: str) -> Response:
    """Move to the address the link was mailed to."""
    desk, now = visit.room.desk, visit.now
    moved = _move(visit, token, lambda number: move_address(desk, number, now=now))
    ring(visit)
    return _move_page(visit, moved)


@dataclass(frozen=True, slots=True)
class _Opened:
    """Whom a link belongs to. `subscription_id` is of the mail it came in, 0 for a fresh one."""

    reader: Reader
    is_fresh: bool
    subscription_id: int = 0


def _open(visit: Visit, token: str) -> _Opened:
    parts = visit.read_token(Purpose.PREFERENCES, token)
    is_fresh, subscription_id = False, 0
    try:
        if parts[:1] == ("at",):
            (number,), is_fresh = visit.signer.read_at(
                Purpose.PREFERENCES, token, visit.now, LINK_LIFE
            )
            reader_id = int(number)
        else:
            reader_id, subscription_id = (int(part) for part in parts)
        with visit.room.desk.database.read() as connection:
            reader = find_reader_by_id(connection, reader_id)
    except (InputError, ValueError) as error:
        raise HTTPException(404) from error
    if reader.state is ReaderState.ERASED:
        raise HTTPException(404)
    return _Opened(reader, is_fresh, subscription_id)


def _stale_page(visit: Visit, opened: _Opened, *, status: int = 200) -> Response:
    subscription = newsletter = None
    if opened.subscription_id:
        with visit.room.desk.database.read() as connection:
            subscription = find_subscription(connection, opened.subscription_id)
            newsletter = newsletters_by_id(connection)[subscription.newsletter_id]
        if subscription.reader_id != opened.reader.id:
            raise HTTPException(404)
    visit = visit.speaking(opened.reader.locale)
    return visit.page(
        "preferences_stale.html",
        status=status,
        address=masked(opened.reader.email),
        newsletter=newsletter,
        since=visit.speech.day(subscription.started_at.date()) if subscription else "",
        unsubscribe=visit.signer.sign(Purpose.UNSUBSCRIBE, opened.subscription_id)
        if subscription
        else "",
    )


def _sent(visit: Visit, answer: Answer) -> Response:
    if answer is Answer.TOO_MANY:
        raise HTTPException(429)
    ring(visit)
    return visit.page("preferences_sent.html")


def _move(visit: Visit, token: str, read: Callable[[int], Move]) -> Move:
    [number] = visit.read_token(Purpose.ADDRESS, token, lifetime=MOVE_LIFE)
    try:
        return read(int(number))
    except NotFoundError as error:
        raise HTTPException(404) from error


def _move_page(visit: Visit, moved: Move) -> Response:
    return visit.speaking(moved.reader.locale).page("address.html", move=moved)
