"""The mailbox: what was caught instead of being sent, so that nobody needs another tool.

With the maildir backend these are its files. The console, the memory and any other backend keep
nothing to read: then they are the ledger's accepted mails, built again to the same bytes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from mailer.bootstrap import Installation
from mailer.core.hygiene import clean_header
from mailer.errors import MailerError, NotFoundError
from mailer.flows.preview_mail import rebuild_mail
from mailer.render.opened import Opened, on_screen, open_message
from mailer.store.ledger_latest import latest_deliveries
from mailer.web.dev.previews import FRAME_HEADERS, PAGE_HEADERS
from mailer.web.visits import Area, Asked, Visiting

router = Area(prefix="/mailbox")
_SHOWN = 30  # Each is built again or read: some milliseconds.


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail in the list."""

    id: str
    at: datetime
    opened: Opened
    size: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A mail that cannot be built again, and why: its template was changed, or its reader left."""

    id: str
    at: datetime
    email: str
    reason: str


@router.get("")
def mailbox(visit: Visiting) -> Response:
    """List the newest mails."""
    room = visit.room
    found = _caught(room)
    return visit.page(
        "dev/mailbox.html",
        mails=[mail for mail in found if isinstance(mail, Caught)],
        lost=[mail for mail in found if isinstance(mail, Lost)],
        backend=room.settings.backend,
        shown=_SHOWN,
    )


@router.get("/{mail_id}")
def message(visit: Visiting, asked: Asked, mail_id: str) -> Response:
    """Show a mail whole."""
    content = _content(visit.room, mail_id)
    return visit.page(
        "dev/message.html",
        headers=PAGE_HEADERS,
        mail_id=mail_id,
        mail=open_message(content),
        size=len(content),
        screen="dark" if asked["screen"] == "dark" else "light",
        source=content.decode("utf-8", "replace"),
    )


@router.get("/{mail_id}/frame")
def frame(visit: Visiting, asked: Asked, mail_id: str) -> Response:
    """Give the HTML part alone."""
    html = open_message(_content(visit.room, mail_id)).html
    shown = on_screen(html, is_dark=asked["screen"] == "dark") or "<!DOCTYPE html><p>No HTML part."
    return HTMLResponse(shown, headers=FRAME_HEADERS)


@router.get("/{mail_id}/source")
def source(visit: Visiting, mail_id: str) -> Response:
    """Give the whole message as a file."""
    return _file(_content(visit.room, mail_id), "message/rfc822", "mail.eml")


@router.get("/{mail_id}/attachments/{number}")
def attachment(visit: Visiting, mail_id: str, number: int) -> Response:
    """Give what hangs on a mail; it is never shown inside our pages."""
    hanging = open_message(_content(visit.room, mail_id)).attachments
    if not 0 <= number < len(hanging):
        raise HTTPException(404)
    return _file(hanging[number].content, "application/octet-stream", hanging[number].name)


def _file(content: bytes, kind: str, name: str) -> Response:
    disposition = f"attachment; filename*=utf-8''{quote(name)}"
    return Response(content, media_type=kind, headers={"Content-Disposition": disposition})


def _caught(room: Installation) -> list[Caught | Lost]:
    if room.settings.backend == "maildir":
        return [_from_file(path) for path in _files(room)[:_SHOWN]]
    with room.desk.database.read() as connection:
        rows = latest_deliveries(connection, limit=_SHOWN)
    found: list[Caught | Lost] = []
    for row in rows:
        at = row.settled_at or row.planned_at
        try:
            content = rebuild_mail(room.desk, row.id).content
        except MailerError as error:
            found.append(Lost(str(row.id), at, row.email, clean_header(str(error), 300)))
            continue
        found.append(Caught(str(row.id), at, open_message(content), len(content)))
    return found


def _from_file(path: Path) -> Caught:
    content = path.read_bytes()
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Caught(path.name, at, open_message(content), len(content))


def _files(room: Installation) -> list[Path]:
    """Return the files of the maildir, newest first."""
    folder = room.settings.maildir
    files = [path for sub in ("new", "cur") for path in (folder / sub).glob("*")]
    return sorted(files, key=lambda path: (-path.stat().st_mtime, path.name))


def _content(room: Installation, mail_id: str) -> bytes:
    if room.settings.backend == "maildir":
        # A name is looked for among the files; it is never a path.
        found = next((path for path in _files(room) if path.name == mail_id), None)
        if found is None:
            raise HTTPException(404)
        return found.read_bytes()
    if not (mail_id.isascii() and mail_id.isdigit() and len(mail_id) < 19):
        raise HTTPException(404)
    try:
        return rebuild_mail(room.desk, int(mail_id)).content
    except NotFoundError as error:
        raise HTTPException(404) from error
    except MailerError as error:
        raise HTTPException(422, clean_header(str(error), 400)) from error
