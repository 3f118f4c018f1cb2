"""Deliveries: found by reader, story, state or domain; one rebuilt exactly; doubts resolved."""

from typing import Annotated

from fastapi import Path
from starlette.responses import HTMLResponse, Response

from mailer.core.deliveries import DeliveryState
from mailer.errors import InputError
from mailer.flows.explain_story import explain_story
from mailer.flows.preview_mail import rebuild_mail
from mailer.flows.resolve_delivery import Resolution, resolve_delivery
from mailer.store.bounces import list_bounces
from mailer.store.delivery_search import DeliverySearch, search_deliveries
from mailer.store.ledger_reading import events_of, find_delivery
from mailer.web.desk.frames import FRAME_HEADERS, framed
from mailer.web.desk.shifts import Operates, Views
from mailer.web.visits import Area, Asked

router = Area(prefix="/operate")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PAGE = 100


@router.get("/deliveries")
def search(shift: Views, asked: Asked) -> Response:
    """Find deliveries."""
    state = asked["state"]
    if state and state not in list(DeliveryState):
        raise InputError(f"unknown state '{state[:40]}'")
    wanted = DeliverySearch(
        reader=asked["reader"],
        story=asked["story"],
        domain=asked["domain"],
        state=DeliveryState(state) if state else None,
        before_id=asked.row_id("before"),
    )
    with shift.database.read() as connection:
        rows = search_deliveries(connection, wanted, limit=_PAGE)
    return shift.page(
        "deliveries.html",
        rows=rows,
        wanted=wanted,
        states=list(DeliveryState),
        next_id=rows[-1].id if len(rows) == _PAGE else None,
    )


@router.get("/deliveries/{delivery_id}")
def show(shift: Views, delivery_id: AnId) -> Response:
    """Show one delivery: its mail rebuilt, its items, its history, what came back."""
    with shift.database.read() as connection:
        row = find_delivery(connection, delivery_id)
        events = events_of(connection, delivery_id)
        came_back = list_bounces(connection, delivery_id=delivery_id)
    room = shift.visit.room
    mail = rebuild_mail(room.desk, delivery_id)
    content, of_signatures = room.as_sent(delivery_id, mail.content)
    head, _, _ = content.partition(b"\r\n\r\n")
    return shift.page(
        "delivery.html",
        row=row,
        events=events,
        came_back=came_back,
        mail=mail,
        head=head.decode("utf-8", "replace").replace("\r\n", "\n"),
        size=len(content),
        of_signatures=of_signatures,
    )


@router.get("/deliveries/{delivery_id}/mail")
def draw(shift: Views, delivery_id: AnId) -> Response:
    """Give the mail's own HTML for the frame that holds it, on an origin of nobody (S10)."""
    mail = rebuild_mail(shift.visit.room.desk, delivery_id).mail
    return HTMLResponse(framed(mail.html, mail.text), headers=FRAME_HEADERS)


@router.get("/deliveries/{delivery_id}/source")
def source(shift: Views, delivery_id: AnId) -> Response:
    """Give the very bytes of the mail, to keep."""
    room = shift.visit.room
    content, _ = room.as_sent(delivery_id, rebuild_mail(room.desk, delivery_id).content)
    return Response(
        content,
        media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="delivery-{delivery_id}.eml"'},
    )


@router.post("/deliveries/{delivery_id}/{resolution}")
def resolve(shift: Operates, delivery_id: AnId, resolution: Resolution) -> Response:
    """Send a mail in doubt again, or take it as accepted."""
    resolve_delivery(shift.database, delivery_id, resolution, now=shift.visit.now)
    shift.record(f"delivery {resolution}", f"delivery {delivery_id}")
    done = "is queued again" if resolution is Resolution.RESEND else "counts as accepted"
    return shift.go(f"/operate/deliveries/{delivery_id}", f"Delivery {delivery_id} {done}")


@router.get("/why")
def why(shift: Views, asked: Asked) -> Response:
    """Say why she got this story, or did not."""
    email, uid = asked["reader"], asked["story"]
    told, error = None, ""
    if email and uid:
        try:
            told = explain_story(shift.database, email, uid, as_of=shift.visit.now)
        except InputError as problem:
            error = str(problem)
    return shift.page("why.html", told=told, email=email, uid=uid, error=error)
