"""Imports of readers for programs: a CSV file is posted, a worker takes it, lines come back."""

import hashlib
import tempfile
from typing import Annotated, BinaryIO

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from mailer.core.api_keys import Scope
from mailer.core.reader_imports import LARGEST, ReaderImport, Reading
from mailer.core.reader_lines import RejectedLine
from mailer.flows.documents import moment
from mailer.flows.keep_imports import cancel_import, keep_file, start_import
from mailer.store.import_lines import rejects_of
from mailer.store.reader_imports import find_import, list_imports
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area

router = Area(include_in_schema=True)
ImportId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_IN_MEMORY = 1024 * 1024
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A CSV file; its first line names the columns, email among them.",
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ImportIn(BaseModel):
    """How to take a file of readers."""

    model_config = ConfigDict(extra="forbid")

    file_name: str = Field("api.csv", max_length=200, description="The file's name.")
    confirmed: bool = Field(False, description="They agreed elsewhere: `consent` says to what.")
    consent: str = Field("", max_length=2000)
    encoding: str = Field("", max_length=40, description="Such as euc-kr; else it is found out.")
    dry_run: bool = Field(False, description="Only look; a POST to its start takes it.")


@router.post(
    "/imports",
    status_code=202,
    summary="Import readers from CSV",
    tags=["imports"],
    openapi_extra=_BODY,
    max_body_size=LARGEST,
)
async def take(
    request: Request,
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_WRITE)],
    wanted: Annotated[ImportIn, Query()],
    name: Named = "",
) -> JSONResponse:
    """Keep a file for a worker to take; GET the import for how far it is and what came of it."""
    asked: Document = wanted.model_dump()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        digest = hashlib.sha256()
        async for piece in request.stream():
            digest.update(piece)
            await run_in_threadpool(kept.write, piece)
        asked["content"] = digest.hexdigest()

        def do() -> tuple[int, Document]:
            stream: BinaryIO = kept  # type: ignore[assignment]  # it reads and seeks as one
            import_id = keep_file(
                call.visit.room.desk.database,
                stream,
                name=wanted.file_name,
                actor=call.actor,
                confirmed=wanted.confirmed,
                consent=wanted.consent,
                reading=Reading(encoding=wanted.encoding),
                now=call.visit.now,
                check=wanted.dry_run,
            )
            if not wanted.dry_run:
                call.record("readers imported", f"import {import_id}", f"consent: {wanted.consent}")
            return 202, _document(call, import_id)

        return await run_in_threadpool(once, call, name, asked, do)


@router.get("/imports", summary="List imports", tags=["imports"])
def list_all(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_READ)], cursor: Cursor, limit: Limit = 50
) -> Document:
    """List imports, newest first."""
    with call.visit.room.desk.database.read() as connection:
        rows = list_imports(connection, before_id=cursor, limit=limit)
    return page([import_document(row) for row in rows], rows[-1].id if rows else None, limit)


@router.get("/imports/{import_id}", summary="Show an import", tags=["imports"])
def show(call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_READ)], import_id: ImportId) -> Document:
    """Show how far an import is, and what came of it."""
    return _document(call, import_id)


@router.get("/imports/{import_id}/rejects", summary="List lines not taken", tags=["imports"])
def show_rejects(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_READ)],
    import_id: ImportId,
    cursor: Cursor,
    limit: Limit = 50,
) -> Document:
    """List the lines of an import that were not taken, in the order of the file."""
    with call.visit.room.desk.database.read() as connection:
        find_import(connection, import_id)
        rows = rejects_of(connection, import_id, after_line=cursor or 0, limit=limit)
    return page([reject_document(row) for row in rows], rows[-1].line if rows else None, limit)


@router.post("/imports/{import_id}/start", summary="Take a file looked at", tags=["imports"])
def start(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_WRITE)], import_id: ImportId
) -> Document:
    """Let a worker take the readers of a file that was only looked at."""
    start_import(call.visit.room.desk.database, import_id, now=call.visit.now)
    call.record("readers imported", f"import {import_id}")
    return _document(call, import_id)


@router.post("/imports/{import_id}/cancel", summary="Stop an import", tags=["imports"])
def cancel(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_WRITE)], import_id: ImportId
) -> Document:
    """Stop an import; readers it took stay. Again is no change."""
    if cancel_import(call.visit.room.desk.database, import_id, now=call.visit.now):
        call.record("import cancelled", f"import {import_id}")
    return _document(call, import_id)


def _document(call: Call, import_id: int) -> Document:
    with call.visit.room.desk.database.read() as connection:
        return import_document(find_import(connection, import_id))


def import_document(one: ReaderImport) -> Document:
    """An import, with its counts."""
    return {
        "id": one.id,
        "file_name": one.name,
        "by": one.actor,
        "state": one.state.value,
        "confirmed": one.confirmed,
        "consent": one.consent,
        "share": round(one.share, 4),
        "lines": one.record_count,
        "new": one.new_count,
        "updated": one.updated_count,
        "unchanged": one.unchanged_count,
        "rejected": one.rejected_count,
        "columns": {field: one.found.header[at] for field, at in one.found.places.items()},
        "notes": list(one.notes),
        "error": one.error,
        "created_at": moment(one.created_at),
        "ended_at": moment(one.ended_at),
    }


def reject_document(line: RejectedLine) -> Document:
    """A line that was not taken."""
    return {
        "line": line.line,
        "email": line.email,
        "reason": line.reason,
        "mend": line.mend,
    }
