"""Readers and what came back: search, one reader whole, suppress and free."""

import json
from typing import Annotated

from fastapi import Path
from starlette.responses import Response, StreamingResponse

from mailer.core.addresses import read_address
from mailer.core.bounces import BounceKind
from mailer.core.readers import Reader, ReaderState
from mailer.errors import InputError, NotFoundError
from mailer.flows.erase_reader import erase_reader
from mailer.flows.export_found import export_found
from mailer.flows.export_reader import export_reader, mail_export
from mailer.store.bounces import list_bounces
from mailer.store.delivery_search import latest_deliveries_of
from mailer.store.leaving import find_reader_by_id
from mailer.store.ledger_reading import DeliveryRow
from mailer.store.preferences import follows_of, mutes_of
from mailer.store.reader_search import count_found, search_readers
from mailer.store.readers import suppress
from mailer.store.suppressions import lift_suppression, list_suppressions
from mailer.web.desk.shifts import Administers, Operates, Shift, Views
from mailer.web.visits import Area, Asked, Fields, Posted, ring

router = Area(prefix="/operate")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PAGE = 100


@router.get("/readers")
def search(shift: Views, asked: Asked) -> Response:
    """Find readers by a part of their address or name."""
    return _found(shift, asked)


@router.post("/readers/export")
def download_found(shift: Administers, posted: Posted) -> Response:
    """Give the readers found as a file of CSV."""
    state, words = _state(posted), posted["words"]
    try:
        shift.require_fresh()
    except InputError as problem:
        return _found(shift, posted, error=str(problem), status=422)
    with shift.database.read() as connection:
        count = count_found(connection, words=words, state=state)
    # Not by the words: they may be an address, and the log shall not remember who was forgotten.
    of = f" of those {state}" if state else ""
    searched = ", by words looked for" if words else ""
    shift.record("readers exported", "readers", f"{count:,}{of}{searched}")
    return StreamingResponse(
        export_found(shift.database, words=words, state=state),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="readers.csv"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/readers/{reader_id}")
def show(shift: Views, reader_id: AnId) -> Response:
    """Show one reader: what she follows, what she got, what came back."""
    return _one(shift, reader_id)


@router.post("/readers/{reader_id}/export")
def mail_her_data(shift: Operates, reader_id: AnId) -> Response:
    """Mail her a link to all that is known about her; nobody here sees it (S24)."""
    try:
        shift.require_fresh()
        reader = _there(shift, reader_id)
        mail_export(shift.visit.room.desk, reader_id, now=shift.visit.now)
    except InputError as problem:
        return _one(shift, reader_id, error=str(problem), status=422)
    shift.record("reader's data mailed", f"reader {reader_id}")
    ring(shift.visit)
    return shift.go(f"/operate/readers/{reader_id}", f"A link to her data goes to {reader.email}")


@router.post("/readers/{reader_id}/download")
def download_her_data(shift: Administers, reader_id: AnId) -> Response:
    """Give all that is known about her as a file, for one who asked by letter."""
    try:
        shift.require_fresh()
        _there(shift, reader_id)
    except InputError as problem:
        return _one(shift, reader_id, error=str(problem), status=422)
    document = export_reader(shift.database, reader_id, now=shift.visit.now)
    shift.record("reader exported", f"reader {reader_id}")
    return Response(
        json.dumps(document, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="reader-{reader_id}.json"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/readers/{reader_id}/erase")
def erase(shift: Administers, reader_id: AnId, posted: Posted) -> Response:
    """Erase her from every table, once her address was typed again."""
    try:
        shift.require_fresh()
        reader = _there(shift, reader_id)
        if read_address(posted["email"]).key != reader.email_key:
            raise InputError("type the address of this reader: nothing is erased yet")
        erase_reader(shift.visit.room.desk, reader_id, now=shift.visit.now)
    except InputError as problem:
        return _one(shift, reader_id, error=str(problem), status=422)
    # By her number: the log shall not remember what was just forgotten.
    shift.record("reader erased", f"reader {reader_id}")
    return shift.go(f"/operate/readers/{reader_id}", f"Reader {reader_id} is erased")


def _state(asked: Fields) -> ReaderState | None:
    state = asked["state"]
    if state and state not in list(ReaderState):
        raise InputError(f"unknown state '{state[:40]}'")
    return ReaderState(state) if state else None


def _found(shift: Shift, asked: Fields, *, error: str = "", status: int = 200) -> Response:
    state = _state(asked)
    with shift.database.read() as connection:
        rows = search_readers(
            connection,
            words=asked["words"],
            state=state,
            before_id=asked.row_id("before"),
            limit=_PAGE,
        )
    return shift.page(
        "readers.html",
        status=status,
        error=error,
        rows=rows,
        words=asked["words"],
        state=state or "",
        states=list(ReaderState),
        next_id=rows[-1].id if len(rows) == _PAGE else None,
    )


def _there(shift: Shift, reader_id: int) -> Reader:
    with shift.database.read() as connection:
        reader = find_reader_by_id(connection, reader_id)
    if reader.state is ReaderState.ERASED:
        raise InputError("she is erased: nothing is left of her")
    return reader


def _one(shift: Shift, reader_id: int, *, error: str = "", status: int = 200) -> Response:
    with shift.database.read() as connection:
        reader = find_reader_by_id(connection, reader_id)
        follows = follows_of(connection, reader.id)
        mutes = mutes_of(connection, reader.id)
        rows: list[DeliveryRow] = latest_deliveries_of(connection, reader.id, 50)
        came_back = list_bounces(connection, email_key=reader.email_key, limit=20)
        suppressions = list_suppressions(connection, email_key=reader.email_key, ended=True)
    return shift.page(
        "reader.html",
        status=status,
        error=error,
        erased=reader.state is ReaderState.ERASED,
        reader=reader,
        follows=follows,
        mutes=mutes,
        rows=rows,
        came_back=came_back,
        suppressions=suppressions,
        suppressed=any(each.ended_at is None for each in suppressions),
    )


@router.post("/readers/{reader_id}/suppress")
def forbid(shift: Operates, reader_id: AnId, posted: Posted) -> Response:
    """Suppress her address."""
    reason = posted["reason"] or "asked by an operator"
    with shift.database.write() as connection:
        reader = find_reader_by_id(connection, reader_id)
        new = suppress(
            connection, reader.email_key, reason[:200], shift.operator.email, shift.visit.now
        )
    if new:
        shift.record("address suppressed", f"reader {reader.email}", reason[:200])
    return shift.go(f"/operate/readers/{reader_id}", f"{reader.email} gets nothing from now on")


@router.post("/suppressions/lift")
def free(shift: Operates, posted: Posted) -> Response:
    """Let an address have mail again."""
    address = read_address(posted["email"])
    with shift.database.write() as connection:
        lifted = lift_suppression(connection, address.key, shift.visit.now)
    if not lifted:
        raise NotFoundError(f"'{address.shown}' is not suppressed")
    shift.record("suppression lifted", f"reader {address.shown}")
    return shift.go("/operate/bounces", f"{address.shown} may have mail again")


@router.get("/bounces")
def bounces(shift: Views, asked: Asked) -> Response:
    """Show what came back and who is suppressed."""
    kind = asked["kind"]
    if kind and kind not in list(BounceKind):
        raise InputError(f"unknown kind '{kind[:40]}'")
    words = asked["words"]
    with shift.database.read() as connection:
        rows = list_bounces(
            connection,
            kind=BounceKind(kind) if kind else None,
            before_id=asked.row_id("before"),
            limit=_PAGE,
        )
        suppressed = list_suppressions(connection, words=words, limit=_PAGE)
    return shift.page(
        "bounces.html",
        rows=rows,
        kind=kind,
        kinds=list(BounceKind),
        suppressed=suppressed,
        words=words,
        next_id=rows[-1].id if len(rows) == _PAGE else None,
    )
