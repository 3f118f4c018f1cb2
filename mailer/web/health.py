"""Whether this process lives, and whether it can work."""

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from mailer.errors import MailerError
from mailer.web.visits import Area, room_of

router = Area()


@router.get("/healthz")
def live() -> Response:
    """Say that the process answers; it asks nobody."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Say whether the database answers and has the schema of this code."""
    try:
        room_of(request).desk.database.require_current()
    except MailerError:
        # The reason may name hosts: it is for `mailer doctor`, not for whoever asks.
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready\n")
