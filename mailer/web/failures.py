"""Refusals and accidents in the look of all pages; for programs as problems (RFC 9457)."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mailer.errors import InputError, MailerError, NotFoundError, ServiceAway
from mailer.web.gate import PROGRAM_PATHS, shown_path
from mailer.web.visits import visit_of

__all__ = ["HTTPException", "answer_failures"]

_log = logging.getLogger(__name__)


def answer_failures(app: FastAPI) -> None:
    """Register what answers each kind of failure."""

    # Drawing a page is quick and asks no store: it may run in the loop.
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls it for nothing else
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request)))
        own = error.detail if error.detail != _phrase(error.status_code) else ""
        return _answer(request, error.status_code, own, headers)

    async def unreadable(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        places = sorted({".".join(map(str, one["loc"][1:])) for one in error.errors()})
        return _answer(request, 422, f"cannot be read: {', '.join(places)}" if places else "")

    async def wrong(request: Request, error: Exception) -> Response:
        # What is not found is told in words for operators, with the command that helps.
        missing = isinstance(error, NotFoundError)
        return _answer(request, 404, "") if missing else _answer(request, 422, str(error))

    async def away(request: Request, error: Exception) -> Response:
        _log.warning("%s: %s", shown_path(request.scope), error)
        return _answer(request, 503, "", {"Retry-After": "30"})

    async def broken(request: Request, error: Exception) -> Response:
        _log.error("%s %s", request.method, shown_path(request.scope), exc_info=error)
        return _answer(request, 500, "")

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(InputError, wrong)
    app.add_exception_handler(ServiceAway, away)
    app.add_exception_handler(MailerError, broken)
    app.add_exception_handler(Exception, broken)


def _answer(
    request: Request, status: int, own: str, headers: dict[str, str] | None = None
) -> Response:
    if request.url.path.startswith(PROGRAM_PATHS):
        problem = {"title": _phrase(status), "status": status, "detail": own}
        return JSONResponse(
            {name: value for name, value in problem.items() if value},
            status_code=status,
            headers=headers,
            media_type="application/problem+json",
        )
    words = own[:1].upper() + own[1:]
    return visit_of(request).page(
        "failure.html", status=status, headers=headers, code=status, words=words
    )


def _methods(app: FastAPI, request: Request) -> set[str]:
    """Return the methods that some route takes at this address."""
    found: set[str] = set()
    for context in iter_route_contexts(app.routes):
        pattern = getattr(context, "path_regex", None)
        if pattern is not None and pattern.match(request.url.path):
            found |= set(context.methods or ())
    return found | {"HEAD"} if "GET" in found else found


def _phrase(status: int) -> str:
    """Return what Starlette says when nobody gave words."""
    return str(HTTPException(status).detail)
