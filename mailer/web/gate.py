"""The gate before all pages: who asks, how long it may take, what is said and what is logged."""

import asyncio
import json
import logging
import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from mailer.core.hygiene import clean_header
from mailer.web.clients import client_address

# A form of 64 KiB takes a second on a bad telephone line; a page takes milliseconds.
BODY_SECONDS = 20.0
# A list of readers is larger: who sends at least so fast has time for it.
SLOWEST_BYTES = 32 * 1024
ANSWER_SECONDS = 60.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_LONGEST_PART = 24  # A longer part of an unknown path may be a token.
_log = logging.getLogger("mailer.web.access")

_TOO_SLOW = "The request took too long to arrive."
_TOO_LONG = "The answer took too long. Please try again."
_TOO_LARGE = "The request is too large."
# Who asks here is a program: it gets problems (RFC 9457), pages are for people.
PROGRAM_PATHS = ("/api/", "/hooks/")


class Gate:
    """ASGI middleware: HEAD becomes GET without a body, headers are set, each request is logged."""

    def __init__(self, app: ASGIApp, *, hops: int, headers: Mapping[str, str]) -> None:
        self._app = app
        self._hops = hops
        self._headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        scope["mailer_client"] = client_address(peer, forwarded, self._hops)
        method = scope["method"]
        if head:
            scope["method"] = "GET"
        problems = scope["path"].startswith(PROGRAM_PATHS)
        name = request_id(Headers(scope=scope).get("x-request-id", "") if self._hops else "")
        headers = {**self._headers, "x-request-id": name}
        passage = _Passage(headers, receive, send, head=head, problems=problems)
        started = time.perf_counter()
        # Every line that is written for this request says so.
        with bound_contextvars(request_id=name):
            try:
                await passage.go(self._app, scope)
            finally:
                facts = {
                    "client": scope["mailer_client"],
                    "method": method,
                    "path": shown_path(scope),
                    "status": passage.status or "-",
                    "milliseconds": round((time.perf_counter() - started) * 1000),
                }
                _log.info(
                    "%(client)s %(method)s %(path)s %(status)s %(milliseconds)s ms",
                    facts,
                    extra=facts,
                )


class _Passage:
    """One request on its way."""

    def __init__(
        self,
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
        *,
        head: bool,
        problems: bool,
    ) -> None:
        self.status = 0
        self._headers = headers
        self._receive = receive
        self._send = send
        self._head = head
        self._problems = problems
        self._instead: bytes | None = None
        self._body_ends_at = asyncio.get_running_loop().time() + BODY_SECONDS
        self._body_is_whole = False
        self._limit = asyncio.timeout(ANSWER_SECONDS)

    async def go(self, app: ASGIApp, scope: Scope) -> None:
        try:
            async with self._limit:
                await app(scope, self._take, self._give)
        except TimeoutError:
            if self.status:
                raise
            await self._refuse(503, _TOO_LONG)
        except _TooSlow:
            if not self.status:
                await self._refuse(408, _TOO_SLOW)

    async def _take(self) -> Message:
        if self._body_is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._body_ends_at):
                message = await self._receive()
        except TimeoutError as error:
            raise _TooSlow from error
        more_seconds = len(message.get("body", b"")) / SLOWEST_BYTES
        self._body_ends_at += more_seconds
        if (ends_at := self._limit.when()) is not None:
            self._limit.reschedule(ends_at + more_seconds)
        self._body_is_whole = not message.get("more_body", False)
        return message

    async def _give(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # What streams may take its time: only its beginning is waited for.
            self._limit.reschedule(None)
            headers = MutableHeaders(scope=message)
            if self.status == 413 and self._problems:
                # Starlette answers this one by itself, in plain text.
                self._instead = self._tell(headers, 413, _TOO_LARGE)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body":
            if self._instead is not None:
                message = {**message, "body": self._instead}
                self._instead = b""
            if self._head:
                message = {**message, "body": b""}
        await self._send(message)

    async def _refuse(self, status: int, words: str) -> None:
        headers = MutableHeaders({"connection": "close"})
        body = self._tell(headers, status, words)
        start = {"type": "http.response.start", "status": status, "headers": headers.raw}
        self._limit = asyncio.timeout(None)
        async with self._limit:
            await self._give(start)
            await self._give({"type": "http.response.body", "body": body})

    def _tell(self, headers: MutableHeaders, status: int, words: str) -> bytes:
        """Return a refusal of the gate's own as a body, and set its headers."""
        if self._problems:
            problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": words}
            kind, text = "application/problem+json", json.dumps(problem)
        else:
            kind, text = "text/plain; charset=utf-8", f"{words}\n"
        headers["content-type"] = kind
        headers["content-length"] = str(len(text.encode()))
        return text.encode()


class _TooSlow(Exception):  # noqa: N818 - it never leaves this module
    """The body did not arrive in time."""


def request_id(given: str) -> str:
    """Return the id a proxy we trust gave a request, or a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def shown_path(scope: Scope) -> str:
    """Return the path as a log may have it: a token by its name only, and no query (S7)."""
    template = getattr(scope.get("route"), "path", "")
    if "{token}" in template:
        return str(template)
    parts = clean_header(scope["path"], 200).split("/")
    return "/".join(part if len(part) <= _LONGEST_PART else "…" for part in parts)
