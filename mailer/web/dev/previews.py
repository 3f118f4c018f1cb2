"""The bench: one mail seen in every way, drawn anew when a template is saved."""

import asyncio

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from mailer.core.readers import OF_FOLLOWS
from mailer.render.lint.findings import Level
from mailer.render.lint.structure import CLIP_BYTES
from mailer.render.lint.support import client_name
from mailer.render.opened import header_lines, on_screen
from mailer.render.speech import SPOKEN
from mailer.web.dev.choices import PANES, Choice, read_choice
from mailer.web.dev.sights import (
    Sight,
    neighbours,
    newsletters_of,
    place,
    readers_of,
    with_default_reader,
)
from mailer.web.dev.workshop import Using, Workshop
from mailer.web.headers import CONTENT_POLICY
from mailer.web.visits import Area, Asked, Fields, Visiting

router = Area()
# The mail is foreign to this site: nothing in it may run, and it may not touch the page around it.
FRAME_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
PAGE_HEADERS = {"Content-Security-Policy": f"{CONTENT_POLICY}; frame-src 'self'"}
# A browser asks again after that long; shorter than a graceful stop of the server may take.
_PATIENCE_SECONDS = 6.0
# A look takes a millisecond.
_LOOK_SECONDS = 0.05
_LOCALES = ("en", *sorted({"zh_Hans" if name == "zh" else name for name in SPOKEN} - {"en"}))


@router.get("/preview")
def preview(visit: Visiting, using: Using, asked: Asked) -> Response:
    """Show a mail in one pane, with everything to choose another."""
    tools = using.tools()
    names = tools.bench.names()
    choice = read_choice(asked, names[0])
    readers = readers_of(visit.room, choice)
    choice = with_default_reader(choice, readers)
    # Lint takes longer than all the rest; on other panes the page asks for its verdict by itself.
    sight = using.draw(choice, with_lint=choice.pane == "lint")
    before, behind = neighbours(readers, choice.reader)
    mail_before, mail_behind = neighbours(names, choice.mail)
    return visit.page(
        "dev/preview.html",
        headers=PAGE_HEADERS,
        choice=choice,
        sight=sight,
        panes=PANES,
        names=names,
        newsletters=newsletters_of(visit.room),
        cadences=list(OF_FOLLOWS),
        locales=_LOCALES,
        readers=readers,
        reader_before=before,
        reader_behind=behind,
        mail_before=mail_before,
        mail_behind=mail_behind,
        version=tools.version,
        headers_shown=header_lines(sight.content),
        source=sight.content.decode("utf-8", "replace"),
        html_bytes=len(sight.mail.html.encode()) if sight.mail else 0,
        clip_bytes=CLIP_BYTES,
        limit_bytes=visit.room.settings.max_mail_kb * 1024,
        placed=place(tools.bench, sight.findings) if choice.pane == "lint" else (),
        verdict=_verdict(sight) if choice.pane == "lint" else "",
        client_name=client_name,
    )


@router.get("/preview/frame")
def frame(using: Using, asked: Asked) -> Response:
    """Give the HTML part alone, as a light or dark screen shows it, for a frame of the bench."""
    sight = using.drawn(_choice(using, asked))
    html = sight.mail.html if sight.mail else ""
    shown = on_screen(html, is_dark=asked["screen"] == "dark") or "<!DOCTYPE html><p>No HTML part."
    return HTMLResponse(shown, headers=FRAME_HEADERS)


@router.get("/preview/verdict")
def verdict(using: Using, asked: Asked) -> Response:
    """Say in a few words what lint found."""
    sight = using.draw(_choice(using, asked), with_lint=True)
    return PlainTextResponse(_verdict(sight))


def _choice(using: Workshop, asked: Fields) -> Choice:
    return read_choice(asked, using.tools().bench.names()[0])


def _verdict(sight: Sight) -> str:
    counts = {level: sum(f.level is level for f in sight.findings) for level in Level}
    return (
        f"{counts[Level.ERROR]} errors, {counts[Level.WARN]} warnings, {counts[Level.NOTE]} notes"
    )


@router.get("/preview/source")
def source(using: Using, asked: Asked) -> Response:
    """Give the whole message as a file."""
    sight = using.drawn(_choice(using, asked))
    return Response(
        sight.content,
        media_type="message/rfc822",
        headers={"Content-Disposition": 'attachment; filename="preview.eml"'},
    )


@router.get("/preview/changes")
async def changes(request: Request, using: Using, seen: str = "") -> Response:
    """Answer when a template differs from the version that was seen, or after a while."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE_SECONDS
    version = await run_in_threadpool(using.version)
    while version == seen and loop.time() < end and not await request.is_disconnected():
        await asyncio.sleep(_LOOK_SECONDS)
        version = await run_in_threadpool(using.version)
    return PlainTextResponse(version)
