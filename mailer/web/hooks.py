"""Hooks that mail services call: signed notices of bounces, complaints, arrivals."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mailer.core.hooks import HookCall, Provider, Refusal
from mailer.flows.fetch_certificate import Certificates
from mailer.flows.take_hook import take_hook
from mailer.web.visits import Area, Visit, Visiting

router = Area(prefix="/hooks")
CERTIFICATES = "certificates"
# SendGrid closes a batch at 768 KB; SNS ends at 256 KB, which JSON within JSON may double.
MOST_BODY_BYTES = 1024 * 1024
_STATUS = {Refusal.UNSIGNED: 401, Refusal.UNREADABLE: 400}


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


@router.post("/{provider}", max_body_size=MOST_BODY_BYTES)
def take(visit: Visiting, provider: str, body: Body) -> Response:
    """Take a notice."""
    return _take(visit, provider, body)


@router.post("/{provider}/{token}", max_body_size=MOST_BODY_BYTES)
def take_with_password(visit: Visiting, provider: str, token: str, body: Body) -> Response:
    """Take a notice whose sender has its password in the address."""
    return _take(visit, provider, body, token)


def _take(visit: Visit, provider: str, body: bytes, password: str = "") -> Response:
    if provider not in list(Provider):
        raise HTTPException(404)
    room = visit.room
    certificates: Certificates = getattr(visit.request.app.state, CERTIFICATES)
    answer = take_hook(
        room.desk,
        HookCall(Provider(provider), body, dict(visit.request.headers), visit.client, password),
        room.settings.hook_secrets,
        certificates,
        rule=room.settings.soft_rule,
        now=visit.now,
    )
    if not answer.heard:
        raise HTTPException(429, "too many refused calls: wait a minute", {"Retry-After": "60"})
    if answer.refusal is not None:
        status = _STATUS.get(answer.refusal, 403)
        headers = {"WWW-Authenticate": 'Basic realm="hooks"'} if status == 401 else None
        raise HTTPException(status, answer.refusal.value, headers)
    return JSONResponse(
        {
            "taken": answer.taken_count,
            "known": answer.known_count,
            "settled": answer.settled_count,
            "ignored": answer.ignored_count,
            "confirmed": answer.confirmed,
        }
    )
