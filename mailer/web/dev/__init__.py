"""The developer's bench: previews of every mail, and the mailbox. Never in production."""

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.web.dev import mailbox, previews
from mailer.web.visits import Area, Visiting, room_of


def _only_in_development(request: Request) -> None:
    """Refuse in production: whoever could open these pages could read everybody's mail."""
    if room_of(request).is_production:
        raise HTTPException(404)


router = Area(prefix="/dev")


@router.get("", dependencies=[Depends(_only_in_development)])
def start(visit: Visiting) -> Response:
    """Lead to the previews."""
    return visit.go("/dev/preview")


for _area in (previews.router, mailbox.router):
    router.include_router(_area, dependencies=[Depends(_only_in_development)])
