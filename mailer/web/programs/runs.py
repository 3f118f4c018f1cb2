"""Runs, deliveries and bounces for programs."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from mailer.core.addresses import read_address
from mailer.core.api_keys import Scope
from mailer.core.deliveries import DeliveryState
from mailer.core.hygiene import clean_header
from mailer.core.readers import Cadence
from mailer.errors import InputError, RenderError
from mailer.flows.check_templates import check_templates
from mailer.flows.documents import (
    delivery_document,
    event_document,
    plain_document,
    run_document,
)
from mailer.flows.open_run import open_run
from mailer.flows.steer_run import Steer, steer_run
from mailer.store.editions import plain_reasons
from mailer.store.ledger_reading import events_of, find_delivery, list_deliveries
from mailer.store.readers import find_reader
from mailer.store.runs import find_run, list_runs
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area, bell_of

router = Area(include_in_schema=True)
Reads = Annotated[Call, allowed(Scope.RUNS_READ)]
Writes = Annotated[Call, allowed(Scope.RUNS_WRITE)]
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class RunIn(BaseModel):
    """A run now, or as of a moment that has passed: the same moment again is the same run."""

    model_config = ConfigDict(extra="forbid")

    newsletter: str = Field(max_length=200)
    cadence: Cadence
    as_of: datetime | None = Field(None, description="ISO 8601 with offset; without one: now.")


@router.post("/runs", status_code=201, summary="Send now", tags=["runs"])
def send(call: Writes, wanted: RunIn, name: Named = "") -> JSONResponse:
    """Open a run; workers plan and send it. 200 when there was one of that moment."""

    def do() -> tuple[int, Document]:
        now = call.visit.now
        as_of = wanted.as_of or now
        as_of = as_of if as_of.tzinfo is not None else as_of.replace(tzinfo=UTC)
        slug = clean_header(wanted.newsletter)
        database = call.visit.room.desk.database
        try:
            check_templates(call.visit.room.desk, slug, wanted.cadence)
        except RenderError as error:
            raise InputError(str(error)) from error
        opened = open_run(database, slug, wanted.cadence, as_of=as_of, now=now)
        if opened.created:
            call.record("run opened", f"run {opened.run_id}", f"{slug} {wanted.cadence}")
        bell = bell_of(call.visit)
        if bell is not None:
            bell.ring_plan(opened.run_id)
        with database.read() as connection:
            run = find_run(connection, opened.run_id)
        return (201 if opened.created else 200), run_document(run)

    return once(call, name, wanted.model_dump(mode="json"), do)


@router.get("/runs", summary="List runs", tags=["runs"])
def list_all(call: Reads, cursor: Cursor, limit: Limit = 50) -> Document:
    """List runs, newest first; `counts` by state add up to `planned`."""
    with call.visit.room.desk.database.read() as connection:
        runs = list_runs(connection, limit, before_id=cursor)
    return page([run_document(run) for run in runs], runs[-1].id if runs else None, limit)


@router.get("/runs/{run_id}", summary="Show a run", tags=["runs"])
def show(call: Reads, run_id: AnId) -> Document:
    """Show a run with its counts, and in `plain` why mails of it could not be compiled."""
    with call.visit.room.desk.database.read() as connection:
        run = find_run(connection, run_id)
        plain = plain_reasons(connection, run_id)
    return {**run_document(run), "plain": plain_document(plain)}


@router.post("/runs/{run_id}/{action}", summary="Steer a run", tags=["runs"])
def steer(call: Writes, run_id: AnId, action: Steer, name: Named = "") -> JSONResponse:
    """Pause, resume, cancel or retry a run."""

    def do() -> tuple[int, Document]:
        desk = call.visit.room.desk
        run = steer_run(
            desk.database,
            run_id,
            action,
            now=call.visit.now,
            signer=desk.signer,
            throttle=desk.throttle,
            reason=f"by {call.actor}",
        )
        call.record(f"run {action}", f"run {run_id}")
        bell = bell_of(call.visit)
        if bell is not None and action in (Steer.RESUME, Steer.RETRY):
            bell.ring_deliver(run.id)
        return 200, run_document(run)

    return once(call, name, None, do)


@router.get("/deliveries", summary="List deliveries", tags=["deliveries"])
def list_mails(
    *,
    call: Annotated[Call, allowed(Scope.DELIVERIES_READ)],
    cursor: Cursor,
    limit: Limit = 50,
    run: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    reader: Annotated[str, Query(max_length=320, description="An address.")] = "",
    state: DeliveryState | None = None,
) -> Document:
    """List deliveries, oldest first, narrowed by what is given."""
    with call.visit.room.desk.database.read() as connection:
        reader_id = find_reader(connection, read_address(reader)).id if reader else None
        rows = list_deliveries(
            connection,
            run_id=run,
            reader_id=reader_id,
            state=state,
            after_id=cursor or 0,
            limit=limit,
        )
    return page([delivery_document(row) for row in rows], rows[-1].id if rows else None, limit)


@router.get("/deliveries/{delivery_id}", summary="Show a delivery", tags=["deliveries"])
def show_mail(call: Annotated[Call, allowed(Scope.DELIVERIES_READ)], delivery_id: AnId) -> Document:
    """Show a delivery with its items and history."""
    with call.visit.room.desk.database.read() as connection:
        row = find_delivery(connection, delivery_id)
        events = events_of(connection, delivery_id)
    return {**delivery_document(row), "events": [event_document(event) for event in events]}
