"""A visit: one request with the installation it asks, its moment, its language and its client."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from mailer.bootstrap import Installation
from mailer.core.hygiene import clean_text
from mailer.core.locales import accepted_locales
from mailer.core.tokens import Purpose, Signer
from mailer.errors import InputError
from mailer.flows.outlook import Lookout, Newsroom
from mailer.ports import Bell
from mailer.render.paper import Paper, spoken_among
from mailer.render.speech import Speech, speech_of
from mailer.web.assets import Assets

ROOM, PAPER, ASSETS, BELL = "room", "paper", "assets", "bell"
# Set when the server is to stop: what streams must end by itself.
IS_LEAVING = "is_leaving"
LOOKOUT, CENSUS, STATES, NAMED_TAGS = "lookout", "census", "states", "named_tags"
_K = TypeVar("_K")
# S25. A follow has at most 2,000 characters; of a field of many values 500 are read.
LONGEST_FIELD = 4_000
# A letter of many pages, each character a few bytes: a form may have 64 KiB in all.
LONGEST_TEXT = 30_000
_MOST_VALUES = 500


class Area(APIRouter):
    """The router of an area; pages stand in no machine's description unless it asks for it."""

    def __init__(self, *, prefix: str = "", include_in_schema: bool = False) -> None:
        super().__init__(prefix=prefix, include_in_schema=include_in_schema)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `client` is the address behind the proxies we trust."""

    request: Request
    room: Installation
    now: datetime
    speech: Speech
    client: str

    def page(
        self, name: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """Draw a page of `templates/web/`."""
        content = paper_of(self.request).draw(
            name,
            self.speech,
            asset=assets_of(self.request).address,
            site=self.room.desk.site,
            path=self.request.url.path,
            **values,
        )
        return HTMLResponse(content, status_code=status, headers=headers)

    def go(self, path: str) -> RedirectResponse:
        """Send the browser to a page of this site, to be got with GET (S18: never elsewhere)."""
        if not path.startswith("/") or path.startswith(("//", "/\\")):
            raise ValueError(f"'{path}' is no page of this site")
        return RedirectResponse(path, status_code=303)

    def say(self, message: str, **values: str) -> str:
        """Return a message in the language of the page."""
        return self.speech.say(message, **values)

    def speaking(self, locale: str) -> "Visit":
        """Return the same visit in the language of a reader, when we speak it."""
        return replace(self, speech=speech_of(spoken_among((locale,))))

    @property
    def signer(self) -> Signer:
        """What signs and reads tokens."""
        return self.room.desk.signer

    def read_token(
        self, purpose: Purpose, token: str, *, lifetime: timedelta | None = None
    ) -> tuple[int | str, ...]:
        """Return the parts of a token; 404 when it is not one of ours, 410 when it is too old.

        With a lifetime the token must have been signed with `sign_at`.
        """
        try:
            if lifetime is None:
                return self.signer.read(purpose, token)
            parts, is_fresh = self.signer.read_at(purpose, token, self.now, lifetime)
        except InputError as error:
            raise HTTPException(404) from error
        if not is_fresh:
            raise HTTPException(410)
        return parts


class Fields:
    """The fields of a posted form, or of a query: clean text of capped length."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> str:
        """Return the last value of a field without white space around it, "" when it is not there.

        Raises InputError when it is longer than any field of ours.
        """
        values = self.all(name)
        return values[-1] if values else ""

    def row_id(self, name: str) -> int | None:
        """Return a field as the id of a row; None when it cannot be one: ids have 64 bits."""
        text = self[name]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field, in order."""
        values = self._values.get(name, ())
        if any(len(value) > LONGEST_FIELD for value in values):
            raise InputError(f"the field is too long: at most {LONGEST_FIELD:,} characters")
        return tuple(clean_text(value).strip() for value in values[:_MOST_VALUES])

    def long(self, name: str) -> str:
        """Return the last value of a field for a whole text, up to LONGEST_TEXT characters.

        Whoever keeps it refuses fewer, so that nothing is cut without a word.
        """
        return clean_text(self._values.get(name, [""])[-1][:LONGEST_TEXT]).strip()

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields, in order."""
        return tuple(self._values)


def room_of(request: Request) -> Installation:
    """Return the installation that is asked."""
    return cast("Installation", getattr(request.app.state, ROOM))


def paper_of(request: Request) -> Paper:
    """Return what draws pages."""
    return cast("Paper", getattr(request.app.state, PAPER))


def assets_of(request: Request) -> Assets:
    """Return the assets."""
    return cast("Assets", getattr(request.app.state, ASSETS))


def newsroom_of(visit: Visit) -> Newsroom:
    """Return the stories, tags and newsletters of the last two weeks, at most a minute old."""
    lookout = cast("Lookout", getattr(visit.request.app.state, LOOKOUT))
    return lookout.get(visit.now)


def kept_of(request: Request, name: str, kind: type[_K]) -> _K:
    """Return what the application keeps under a name of this module."""
    return cast("_K", getattr(request.app.state, name))


def ring(visit: Visit) -> None:
    """Say that a notice waits to be sent, when somebody is there to hear it; after the commit."""
    bell = bell_of(visit)
    if bell is not None:
        bell.ring_notice()


def bell_of(visit: Visit) -> Bell | None:
    """Return what tells workers of due work; None when they find it by themselves."""
    return cast("Bell | None", getattr(visit.request.app.state, BELL))


def visit_of(request: Request) -> Visit:
    """Return the visit of a request, in the language its browser asks for."""
    room = room_of(request)
    wanted = accepted_locales(request.headers.get("accept-language", ""))
    return Visit(
        request=request,
        room=room,
        now=room.clock(),
        speech=speech_of(spoken_among(wanted)),
        client=request.scope["mailer_client"],
    )


async def _posted(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return Fields([])
    form = await request.form(max_files=0, max_fields=_MOST_VALUES, max_part_size=64 * 1024)
    return Fields(form_texts(form))


def form_texts(form: FormData) -> list[tuple[str, str]]:
    """Return the fields of a form without its files."""
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _asked(request: Request) -> Fields:
    return Fields(request.query_params.multi_items())


Visiting = Annotated[Visit, Depends(visit_of)]
Posted = Annotated[Fields, Depends(_posted)]
Asked = Annotated[Fields, Depends(_asked)]
