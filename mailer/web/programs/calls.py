"""A call: one request of a program, with the key it shows and what that allows.

Pages of a list follow each other by cursors. A POST that names itself (`Idempotency-Key`) is done
once, however often it is asked.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mailer.core.api_keys import ApiKey, Scope, key_hash, looks_like_key
from mailer.core.hygiene import clean_header
from mailer.errors import InputError
from mailer.store.api_answers import claim_answer, free_answer, keep_answer
from mailer.store.api_keys import current_key, note_use
from mailer.store.audit import record_change
from mailer.web.visits import Visit, visit_of

Document = dict[str, Any]
_BEARER = HTTPBearer(auto_error=False, description="A key of 'mailer keys add NAME --scope …'.")
_LARGEST_ID = 2**63 - 1
_LONGEST_NAME = 200
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for status, words in (
        (400, "Not readable as a request."),
        (401, "No key, or one that opens nothing."),
        (403, "The key lacks the scope."),
        (404, "Not there."),
        (405, "No such method here."),
        (409, "The same request is being answered at this moment."),
        (413, "Too large."),
        (422, "Readable, but not to be done as it stands; `detail` says how to mend it."),
        (429, "Too often: wait."),
        (503, "The database does not answer; try again."),
    )
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its key."""

    visit: Visit
    key: ApiKey

    @property
    def actor(self) -> str:
        """Who does what is done, for the audit log."""
        return f"key {self.key.name}"

    def record(self, action: str, subject: str, detail: str = "") -> None:
        """Write a change to the audit log."""
        with self.visit.room.desk.database.write() as connection:
            record_change(
                connection,
                actor=self.actor,
                action=action,
                subject=subject,
                detail=detail,
                address=self.visit.client,
                now=self.visit.now,
            )


def allowed(scope: Scope) -> Any:
    """Return the dependency that lets in keys of this scope, and nobody else."""

    def call_of(
        request: Request,
        shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Call:
        visit = visit_of(request)
        database = visit.room.desk.database
        key = None
        if shown is not None and looks_like_key(shown.credentials):
            with database.read() as connection:
                key = current_key(connection, key_hash(shown.credentials))
        if key is None:
            raise HTTPException(
                401, "show a key: Authorization: Bearer nm_…", {"WWW-Authenticate": "Bearer"}
            )
        if not key.allows(scope):
            raise HTTPException(403, f"the key '{key.name}' has no scope {scope}")
        if key.last_used_at is None or (visit.now - key.last_used_at).total_seconds() > 60:
            with database.write() as connection:
                note_use(connection, key.id, visit.now)
        return Call(visit, key)

    return Depends(call_of)


def _cursor_of(
    cursor: Annotated[str, Query(max_length=40, description="`next` of the page before.")] = "",
) -> int | None:
    if not cursor:
        return None
    try:
        number = int(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except ValueError as error:
        raise InputError("the cursor is none of ours: take `next` as it came") from error
    if not 0 < number <= _LARGEST_ID:
        raise InputError("the cursor is none of ours: take `next` as it came")
    return number


Cursor = Annotated[int | None, Depends(_cursor_of)]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many on a page.")]
AnId = Annotated[int, Query(ge=1, le=_LARGEST_ID)]


def page(documents: Sequence[Document], last_id: int | None, limit: int) -> Document:
    """Return one page of a list; `next` is null on the last one."""
    more = len(documents) == limit and last_id is not None
    following = urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=") if more else None
    return {"items": list(documents), "next": following}


Named = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=_LONGEST_NAME,
        description="Names this request: asked again within a day it gets the same answer.",
    ),
]


def once(
    call: Call, name: str, asked: object, do: Callable[[], tuple[int, Document]]
) -> JSONResponse:
    """Do what is asked, and when the request names itself, do it once.

    The same name with other content is refused; what was refused may be asked again.
    """
    if not name:
        status, document = do()
        return JSONResponse(document, status_code=status)
    database = call.visit.room.desk.database
    name = clean_header(name, _LONGEST_NAME)
    path = call.visit.request.url.path
    told = json.dumps([path, asked], sort_keys=True, default=str, ensure_ascii=True)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    with database.write() as connection:
        given = claim_answer(connection, call.key.id, name, fingerprint, call.visit.now)
    if given is not None:
        if given.fingerprint != fingerprint:
            raise InputError(f"the Idempotency-Key '{name}' was used for another request")
        if given.status is None:
            raise HTTPException(409, "the same request is being answered at this moment")
        replayed = {"Idempotency-Replayed": "true"}
        return JSONResponse(given.document, status_code=given.status, headers=replayed)
    try:
        status, document = do()
    except BaseException:
        with database.write() as connection:
            free_answer(connection, call.key.id, name)
        raise
    with database.write() as connection:
        keep_answer(connection, call.key.id, name, status, document)
    return JSONResponse(document, status_code=status)
