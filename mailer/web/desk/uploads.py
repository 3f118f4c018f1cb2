"""Forms with a file: only somebody who is signed in may send one, and only one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from mailer.core.operators import Role
from mailer.core.reader_imports import LARGEST
from mailer.web.desk.shifts import NeedsRole, Shift, require_same_origin, session_of
from mailer.web.visits import Fields, form_texts, visit_of

# The file, and the fields and boundaries around it.
UPLOAD_BYTES = LARGEST + 64 * 1024


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form, and its file if one was chosen; large ones lie on disk."""

    fields: Fields
    file: UploadFile | None


async def _sent(request: Request) -> AsyncIterator[SentForm]:
    # Before a byte of the body is read: 64 MiB are not for strangers.
    require_same_origin(request)
    if await run_in_threadpool(session_of, visit_of(request)) is None:
        raise HTTPException(403, "your session has ended: sign in again")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        yield SentForm(Fields([]), None)
        return
    form = await request.form(max_files=1, max_fields=20, max_part_size=64 * 1024)
    try:
        files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
        # A browser sends an empty part for a file nobody chose.
        chosen = files[0] if files and files[0].filename else None
        yield SentForm(Fields(form_texts(form)), chosen)
    finally:
        await form.close()


Sent = Annotated[SentForm, Depends(_sent)]


class NeedsRoleWithFile(NeedsRole):
    """Lets in whoever has a role with a form that has a file."""

    def __call__(self, request: Request, sent: Sent) -> Shift:  # type: ignore[override]
        """Let one request in, or 403."""
        return super().__call__(request, sent.fields)


OperatesWithFile = Annotated[Shift, Depends(NeedsRoleWithFile(Role.OPERATOR))]
