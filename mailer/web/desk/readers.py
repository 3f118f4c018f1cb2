"""Readers and what came back: search, one reader whole, suppress and free."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.core.addresses import read_address
from mailer.core.bounces import BounceKind
from mailer.core.readers import ReaderState
from mailer.errors import InputError, NotFoundError
from mailer.store.bounces import list_bounces
from mailer.store.delivery_search import latest_deliveries_of
from mailer.store.ledger_reading import DeliveryRow
from mailer.store.preferences import follows_of, mutes_of
from mailer.store.reader_search import read_reader, search_readers
from mailer.store.readers import suppress
from mailer.store.suppressions import lift_suppression, list_suppressions
from mailer.web.desk.shifts import Operates, Views
from mailer.web.visits import Area, Asked, Posted

router = Area(prefix="/operate")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PAGE = 100


@router.get("/readers")
def search(shift: Views, asked: Asked) -> Response:
    """Find readers by a part of their address or name."""
    state = asked["state"]
    if state and state not in list(ReaderState):
        raise InputError(f"unknown state '{state[:40]}'")
    with shift.database.read() as connection:
        rows = search_readers(
            connection,
            words=asked["words"],
            state=ReaderState(state) if state else None,
            before_id=asked.row_id("before"),
            limit=_PAGE,
        )
    return shift.page(
        "readers.html",
        rows=rows,
        words=asked["words"],
        state=state,
        states=list(ReaderState),
        next_id=rows[-1].id if len(rows) == _PAGE else None,
    )


@router.get("/readers/{reader_id}")
def show(shift: Views, reader_id: AnId) -> Response:
    """Show one reader: what she follows, what she got, what came back."""
    with shift.database.read() as connection:
        reader = read_reader(connection, reader_id)
        follows = follows_of(connection, reader.id)
        mutes = mutes_of(connection, reader.id)
        rows: list[DeliveryRow] = latest_deliveries_of(connection, reader.id, 50)
        came_back = list_bounces(connection, email_key=reader.email_key, limit=20)
        suppressions = list_suppressions(connection, email_key=reader.email_key, ended=True)
    return shift.page(
        "reader.html",
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
        reader = read_reader(connection, reader_id)
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
