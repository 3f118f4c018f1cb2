"""The dashboard, live where the browser can, and the audit log."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from mailer.flows.read_dashboard import Census, read_dashboard, read_live
from mailer.store.audit import list_changes
from mailer.web.desk.shifts import Administers, Shift, Views, session_of
from mailer.web.visits import CENSUS, IS_LEAVING, Area, Asked, kept_of, paper_of, room_of

router = Area(prefix="/operate")
# Between two events it looks whether anybody is still there, and whether the server is to stop.
_LOOKS, _LOOK_SECONDS = 8, 0.25
# A browser that is still there connects again by itself.
_MOST_EVENTS = 300
_WIDTH, _HEIGHT = 260, 56


@router.get("")
def dashboard(shift: Views) -> Response:
    """Show what runs, what comes, what went, and what needs somebody."""
    audience = kept_of(shift.visit.request, CENSUS, Census).get(shift.visit.now)
    board = read_dashboard(shift.visit.room.desk, audience, now=shift.visit.now)
    return shift.page(
        "dashboard.html",
        board=board,
        live=board.live,
        readers_line=polyline(audience.growth.readers),
        follows_line=polyline(audience.growth.follows),
    )


@router.get("/live")
async def live(shift: Views) -> Response:
    """Stream the part that changes, as server-sent events, while the session lasts."""
    return StreamingResponse(
        _events(shift), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.get("/audit")
def audit(shift: Administers, asked: Asked) -> Response:
    """Show who changed what."""
    with shift.database.read() as connection:
        entries = list_changes(
            connection,
            actor=asked["by"],
            subject=asked["about"],
            before_id=asked.row_id("before"),
            limit=100,
        )
    return shift.page("audit.html", entries=entries, by=asked["by"], about=asked["about"])


async def _events(shift: Shift) -> AsyncIterator[str]:
    request = shift.visit.request
    for _ in range(_MOST_EVENTS):
        fragment = await run_in_threadpool(_fragment, shift)
        if not fragment:
            return
        lines = "".join(f"data: {line}\n" for line in fragment.splitlines())
        yield f"event: live\n{lines}\n"
        for _look in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            if getattr(request.app.state, IS_LEAVING) or await request.is_disconnected():
                return


def _fragment(shift: Shift) -> str:
    visit = shift.visit
    if session_of(visit) is None:
        return ""
    now = room_of(visit.request).clock()
    return paper_of(visit.request).draw(
        "operate/_live.html",
        visit.speech,
        live=read_live(visit.room.desk, now=now),
        now=now,
    )


def polyline(values: Sequence[int]) -> str:
    """Return the points of a line chart; the lowest value stands at the bottom."""
    low, high = min(values), max(values)
    span = max(high - low, 1)
    step = _WIDTH / max(len(values) - 1, 1)
    return " ".join(
        f"{n * step:.1f},{_HEIGHT - 4 - (value - low) / span * (_HEIGHT - 8):.1f}"
        for n, value in enumerate(values)
    )
