"""Keys with which programs use the API: what each may do, when it was used, revoking it."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from mailer.core.api_keys import Scope, read_scopes
from mailer.errors import InputError
from mailer.flows.keep_keys import AddedKey, add_key, revoke_key
from mailer.store.api_keys import find_key, list_keys
from mailer.web.desk.shifts import Administers, Shift
from mailer.web.visits import Area, Fields, Posted

router = Area(prefix="/operate/keys")
AnId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def show_all(shift: Administers) -> Response:
    """List keys, revoked ones too."""
    return _page(shift, Fields([]))


@router.post("")
def add(shift: Administers, posted: Posted) -> Response:
    """Add a key; it is shown on the page that answers, and never again."""
    try:
        shift.require_fresh()
        added = add_key(
            shift.database,
            posted["name"],
            read_scopes(posted.all("scope")),
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as problem:
        return _page(shift, posted, error=str(problem), status=422)
    return _page(shift, Fields([]), added=added)


@router.post("/{key_id}/revoke")
def revoke(shift: Administers, key_id: AnId) -> Response:
    """Revoke a key: what uses it is refused from now on."""
    with shift.database.read() as connection:
        key = find_key(connection, key_id)
    if key.revoked_at is None:
        revoke_key(
            shift.database,
            key.name,
            actor=shift.operator.email,
            address=shift.visit.client,
            now=shift.visit.now,
        )
    return shift.go("/operate/keys", f"The key {key.name} opens nothing any more")


def _page(
    shift: Shift,
    fields: Fields,
    *,
    error: str = "",
    status: int = 200,
    added: AddedKey | None = None,
) -> Response:
    with shift.database.read() as connection:
        found = list_keys(connection)
    # Those that still open something stand first.
    found.sort(key=lambda key: (key.revoked_at is not None, -key.id))
    return shift.page(
        "keys.html",
        status=status,
        keys=found,
        scopes=list(Scope),
        chosen=fields.all("scope"),
        fields=fields,
        error=error,
        added=added,
    )
