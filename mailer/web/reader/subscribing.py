"""Subscribing: the form, its outlook while choosing, and the confirmation."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.core.addresses import read_address
from mailer.core.expressions import point_at
from mailer.core.readers import OF_FOLLOWS
from mailer.core.tokens import Purpose
from mailer.errors import ExpressionError, InputError, NotFoundError
from mailer.flows.ask_to_subscribe import (
    CONFIRM_LIFE,
    MOST_WANTED,
    Answer,
    Petition,
    ask_to_subscribe,
)
from mailer.flows.confirm_subscription import Offer, confirm_subscription, read_offer
from mailer.flows.outlook import Newsroom
from mailer.render.follow_words import FollowWords
from mailer.web.form_stamps import TRAP, form_stamp, is_timely
from mailer.web.reader.drafts import EVERYTHING, Draft, chosen_newsletter, read_draft
from mailer.web.reader.outlooks import show_outlook
from mailer.web.reader.topics import lay_out
from mailer.web.visits import Area, Asked, Posted, Visit, Visiting, newsroom_of, ring

router = Area()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field: a code the page has words for, words of a parser, a picture."""

    field: str
    code: str = ""
    words: str = ""
    picture: str = ""


@router.get("/")
def form(visit: Visiting, asked: Asked) -> Response:
    """Show the form, filled with what the link says."""
    newsroom = newsroom_of(visit)
    return _page(visit, newsroom, read_draft(asked, newsroom.vocabulary))


@router.post("/subscribe/outlook")
def outlook(visit: Visiting, posted: Posted) -> Response:
    """Return what the choice would have brought, as the piece of the page that says it."""
    newsroom = newsroom_of(visit)
    draft = read_draft(posted, newsroom.vocabulary)
    return visit.page("_outlook.html", outlook=show_outlook(visit, newsroom, draft))


@router.post("/subscribe")
def subscribe(visit: Visiting, posted: Posted) -> Response:
    """Take the form: show it again, or ask the owner of the address by mail."""
    newsroom = newsroom_of(visit)
    draft = read_draft(posted, newsroom.vocabulary)
    # Who presses Enter in the search, without a script, wants to see what it finds.
    is_search = bool(draft.search) and not draft.email and not posted["do"]
    if "show" in posted or is_search:
        return _page(visit, newsroom, draft)
    if posted[TRAP]:
        # A program that fills every field is told what everybody is told.
        return visit.page("subscribe_asked.html", headers=_FOR_OTHER_SITES)
    faults = _faults(draft, newsroom)
    if faults:
        return _page(visit, newsroom, draft, faults, status=422)
    if not is_timely(visit, posted["stamp"]):
        # From the form of another site, or too quick, or very late: one more click tells us it is
        # a person, and shows her what she will get.
        return _page(visit, newsroom, draft, look_again=True)
    try:
        answer = ask_to_subscribe(visit.room.desk, _petition(visit, draft, newsroom), now=visit.now)
    except InputError as error:
        return _page(visit, newsroom, draft, [Fault("topics", words=str(error))], status=422)
    if answer is Answer.TOO_MANY:
        raise HTTPException(429)
    ring(visit)
    return visit.page("subscribe_asked.html", headers=_FOR_OTHER_SITES)


# A site may post its own form by script; nothing here depends on cookies.
_FOR_OTHER_SITES = {"Access-Control-Allow-Origin": "*"}


@router.get("/confirm/{token}")
def ask_confirmation(visit: Visiting, token: str) -> Response:
    """Show what the button would start; nothing is changed (S6)."""
    return _offer_page(visit, _read(visit, token))


@router.post("/confirm/{token}")
def confirm(visit: Visiting, token: str) -> Response:
    """Start the subscription; pressing twice is no change."""
    request_id = _request_id(visit, token)
    try:
        offer = confirm_subscription(visit.room.desk, request_id, now=visit.now)
    except NotFoundError as error:
        raise HTTPException(404) from error
    ring(visit)
    return _offer_page(visit, offer, is_done=True)


def _offer_page(visit: Visit, offer: Offer, *, is_done: bool = False) -> Response:
    return visit.speaking(offer.locale).page(
        "confirm.html", offer=offer, is_done=is_done or offer.is_confirmed
    )


def _read(visit: Visit, token: str) -> Offer:
    try:
        return read_offer(visit.room.desk, _request_id(visit, token))
    except NotFoundError as error:
        raise HTTPException(404) from error


def _request_id(visit: Visit, token: str) -> int:
    parts = visit.read_token(Purpose.CONFIRM, token, lifetime=CONFIRM_LIFE)
    return int(parts[0])


def _petition(visit: Visit, draft: Draft, newsroom: Newsroom) -> Petition:
    newsletter = chosen_newsletter(draft, newsroom)
    assert newsletter is not None  # noqa: S101 - _faults has asked
    return Petition(
        address=read_address(draft.email),
        newsletter=newsletter.slug,
        follows=draft.follows(),
        locale=visit.speech.language,
        timezone=draft.timezone or newsletter.timezone,
        client=visit.client,
        source="web form",
    )


def _faults(draft: Draft, newsroom: Newsroom) -> list[Fault]:
    faults = []
    newsletter = chosen_newsletter(draft, newsroom)
    if newsletter is None:
        faults.append(Fault("newsletter", "choose"))
    if not draft.tags and not draft.expression:
        faults.append(Fault("topics", "choose"))
    elif len(draft.follows()) > MOST_WANTED:
        faults.append(Fault("topics", "many"))
    if draft.cadence is None:
        faults.append(Fault("cadence", "choose"))
    elif newsletter is not None and draft.cadence not in newsletter.cadences:
        faults.append(Fault("cadence", "absent"))
    faults += _expression_faults(draft, newsroom)
    try:
        read_address(draft.email)
    except InputError:
        faults.append(Fault("email", "unreadable" if draft.email else "choose"))
    return faults


def _expression_faults(draft: Draft, newsroom: Newsroom) -> list[Fault]:
    newsletter = chosen_newsletter(draft, newsroom) or newsroom.newsletters[0]
    for wanted in draft.follows():
        try:
            newsroom.check(newsletter, wanted)
        except ExpressionError as error:
            where = "expression" if wanted.expression == draft.expression else "topics"
            return [Fault(where, words=str(error), picture=point_at(error))]
    return []


def _page(
    visit: Visit,
    newsroom: Newsroom,
    draft: Draft,
    faults: list[Fault] | None = None,
    *,
    status: int = 200,
    look_again: bool = False,
) -> Response:
    words = FollowWords(newsroom.vocabulary, visit.speech.language)
    newsletter = chosen_newsletter(draft, newsroom)
    offered = newsletter.cadences if newsletter else OF_FOLLOWS
    cadences = [
        (cadence, words.cadence(cadence))
        for cadence in OF_FOLLOWS
        if cadence in offered and any(cadence in one.cadences for one in newsroom.newsletters)
    ]
    return visit.page(
        "subscribe.html",
        status=status,
        draft=draft,
        newsletter=newsletter,
        newsletters=newsroom.newsletters,
        shelf=lay_out(newsroom, words, draft.tags, draft.search),
        everything=EVERYTHING,
        cadences=cadences,
        outlook=show_outlook(visit, newsroom, draft),
        faults={fault.field: fault for fault in faults or ()},
        look_again=look_again,
        most=MOST_WANTED,
        stamp=form_stamp(visit),
    )
