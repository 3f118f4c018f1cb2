"""Imports of readers: a file is uploaded, looked at, and taken by a worker; bad lines come back.

What a small file would do is shown at once; a large one is looked at by a worker, and its page
shows how far it is.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Annotated, BinaryIO

from fastapi import Path
from starlette.responses import Response, StreamingResponse

from mailer.core.csv_cells import reject_header, reject_line
from mailer.core.reader_imports import LARGEST, ImportState, Reading
from mailer.core.reader_lines import FIELDS
from mailer.errors import InputError
from mailer.flows.keep_imports import (
    cancel_import,
    keep_file,
    read_again,
    start_import,
    work_imports,
)
from mailer.store.import_lines import reject_pages, rejects_of
from mailer.store.reader_imports import find_import, imports_in_hand, list_imports
from mailer.web.desk.shifts import Operates, Shift
from mailer.web.desk.uploads import UPLOAD_BYTES, OperatesWithFile, Sent
from mailer.web.visits import Area, Fields, Posted

router = Area(prefix="/operate")
ImportId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_EXAMPLE = "email,name,locale,timezone\n"
# A file of some thousand lines is looked at while its page loads.
_AT_ONCE = 256 * 1024
_SHOWN = 100
ENCODINGS = ("utf-8", "windows-1252", "euc-kr", "shift_jis", "gb18030", "big5", "utf-16")


@router.get("/readers/import")
def ask(shift: Operates) -> Response:
    """Offer the import, with those there were."""
    return _form(shift, Fields([("lines", _EXAMPLE)]))


@router.post("/readers/import", max_body_size=UPLOAD_BYTES)
def take(shift: OperatesWithFile, sent: Sent) -> Response:
    """Keep a file, or lines of the form, and show what it would do."""
    fields = sent.fields
    file = sent.file
    stream: BinaryIO = file.file if file is not None else BytesIO(fields["lines"].encode())
    try:
        import_id = keep_file(
            shift.database,
            stream,
            name=(file.filename or "") if file is not None else "lines of a form",
            actor=shift.operator.email,
            confirmed=True,
            consent=fields["consent"],
            reading=Reading(encoding=fields["encoding"]),
            now=shift.visit.now,
        )
    except InputError as problem:
        return _form(shift, fields, error=str(problem), status=422)
    return _look(shift, import_id)


@router.get("/imports/{import_id}")
def show(shift: Operates, import_id: ImportId) -> Response:
    """Show an import: what it would do, how far it is, or what came of it."""
    with shift.database.read() as connection:
        one = find_import(connection, import_id)
        rejects = rejects_of(connection, import_id, limit=_SHOWN)
        waits = one.waits_in_vain(shift.visit.now)
        others = waits and imports_in_hand(connection, shift.visit.now)
    return shift.page(
        "import_one.html",
        one=one,
        waits=waits,
        others=others,
        rejects=rejects,
        fields=FIELDS,
        field_at={place: field for field, place in one.found.places.items()},
        encodings=ENCODINGS,
        state=ImportState,
    )


@router.post("/imports/{import_id}/read-again")
def reread(shift: Operates, import_id: ImportId, posted: Posted) -> Response:
    """Look again with other columns or another encoding."""
    with shift.database.read() as connection:
        one = find_import(connection, import_id)
    columns = dict.fromkeys(FIELDS, "") | {
        field: f"#{place + 1}"
        for place in range(len(one.found.header))
        if (field := posted[f"column-{place}"]) in FIELDS
    }
    reading = Reading(encoding=posted["encoding"], delimiter=one.found.delimiter, columns=columns)
    read_again(shift.database, import_id, reading, now=shift.visit.now)
    return _look(shift, import_id)


@router.post("/imports/{import_id}/start")
def start(shift: Operates, import_id: ImportId) -> Response:
    """Let a worker take what was looked at."""
    start_import(shift.database, import_id, now=shift.visit.now)
    with shift.database.read() as connection:
        one = find_import(connection, import_id)
    shift.record("readers imported", f"import {import_id}: {one.name}", f"consent: {one.consent}")
    return shift.go(f"/operate/imports/{import_id}")


@router.post("/imports/{import_id}/cancel")
def cancel(shift: Operates, import_id: ImportId) -> Response:
    """Stop an import; readers it took stay."""
    if cancel_import(shift.database, import_id, now=shift.visit.now):
        shift.record("import cancelled", f"import {import_id}")
    return shift.go(f"/operate/imports/{import_id}")


@router.get("/imports/{import_id}/rejects.csv")
def rejects(shift: Operates, import_id: ImportId) -> Response:
    """Give the lines not taken, to mend and import again; no cell is a formula (S19)."""
    with shift.database.read() as connection:
        one = find_import(connection, import_id)

    def lines() -> Iterator[str]:
        yield "\ufeff" + reject_header(one.found.header)
        with shift.database.read() as connection:
            for line in reject_pages(connection, import_id):
                yield reject_line(one.found.header, line)

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="rejects-{import_id}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _look(shift: Shift, import_id: int) -> Response:
    with shift.database.read() as connection:
        size = find_import(connection, import_id).size_bytes
    if size <= _AT_ONCE:
        room = shift.visit.room
        work_imports(shift.database, room.desk.signer, clock=room.clock, import_id=import_id)
    return shift.go(f"/operate/imports/{import_id}")


def _form(shift: Shift, fields: Fields, *, error: str = "", status: int = 200) -> Response:
    with shift.database.read() as connection:
        imports = list_imports(connection, limit=20)
    return shift.page(
        "import.html",
        status=status,
        fields=fields,
        error=error,
        imports=imports,
        largest=LARGEST // 1024**2,
        encodings=ENCODINGS,
    )
