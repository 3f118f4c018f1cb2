"""A shift: one request of somebody signed in, and what her role lets her do.

Denied by default: every page of the desk names the role it needs, and a test walks them all. What
changes something also needs the session's own token and must come from a page of ours (S9, S16).
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from mailer.core.operators import FRESH, Operator, Role
from mailer.errors import InputError
from mailer.flows.add_operator import link_hash
from mailer.store.audit import record_change
from mailer.store.database import Database
from mailer.store.operator_sessions import Session, find_session, touch_session
from mailer.web.headers import CONTENT_POLICY
from mailer.web.visits import Fields, Posted, Visit, visit_of

SIGN_IN = "/operate/sign-in"
_SEEN_EVERY = timedelta(minutes=1)
# Forms of the desk say where they come from; with no referrer at all browsers say "null".
# A mail is shown in a frame of our own.
_HEADERS = {
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": f"{CONTENT_POLICY}; frame-src 'self'",
}


@dataclass(frozen=True, slots=True)
class Shift:
    """A request of an operator."""

    visit: Visit
    session: Session

    @property
    def operator(self) -> Operator:
        """Who works."""
        return self.session.operator

    @property
    def database(self) -> Database:
        """Where everything stands."""
        return self.visit.room.desk.database

    def may(self, role: Role) -> bool:
        """Say whether she may do what this role may."""
        return self.operator.role.covers(role)

    def page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Draw a page of `templates/web/operate/`."""
        query = self.visit.request.query_params
        return self.visit.page(
            f"operate/{name}",
            status=status,
            headers=_HEADERS,
            shift=self,
            csrf=self.session.csrf_token,
            done=query.get("done", "")[:300],
            roles={role.value: self.may(role) for role in Role},
            now=self.visit.now.astimezone(UTC),
            **values,
        )

    def go(self, path: str, done: str = "") -> RedirectResponse:
        """Send her to a page of the desk, which says what was done."""
        joint = "&" if "?" in path else "?"
        return self.visit.go(f"{path}{joint}done={quote(done)}" if done else path)

    def record(self, action: str, subject: str, detail: str = "") -> None:
        """Write a change to the audit log."""
        with self.database.write() as connection:
            record_change(
                connection,
                actor=self.operator.email,
                action=action,
                subject=subject,
                detail=detail,
                address=self.visit.client,
                now=self.visit.now,
            )

    def require_fresh(self) -> None:
        """Refuse what is grave when her password was given long ago; raises InputError."""
        if self.visit.now - self.session.confirmed_at > FRESH:
            raise InputError("give your password again first: /operate/account")


def cookie_name(visit: Visit) -> str:
    """Return the session cookie's name; over HTTPS one that no other host can set."""
    return "__Host-desk" if visit.room.settings.public_url.startswith("https:") else "desk"


def session_of(visit: Visit) -> Session | None:
    """Return the session of a request, if it has one that lasts."""
    token = visit.request.cookies.get(cookie_name(visit), "")
    if not 20 < len(token) < 100:
        return None
    with visit.room.desk.database.read() as connection:
        return find_session(connection, link_hash(token), visit.now)


class NeedsRole:
    """The dependency that lets in whoever has a role, and gives her shift."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request, posted: Posted) -> Shift:
        """Let one request in; 303 to the sign-in, or 403."""
        visit = visit_of(request)
        session = session_of(visit)
        safe = request.method in ("GET", "HEAD")
        if session is None:
            if not safe:
                raise HTTPException(403, "your session has ended: sign in again")
            path = quote(request.url.path)
            raise HTTPException(303, headers={"Location": f"{SIGN_IN}?next={path}"})
        if not safe:
            require_same_origin(request)
            _require_token(session, posted)
        if not session.operator.role.covers(self.role):
            raise HTTPException(
                403, f"your role '{session.operator.role}' may not: this needs '{self.role}'"
            )
        with visit.room.desk.database.write() as connection:
            touch_session(connection, session.id, visit.now)
        return Shift(visit, session)


def require_same_origin(request: Request) -> None:
    """Refuse what another site sent; raises 403."""
    origin = request.headers.get("origin")
    fetched = request.headers.get("sec-fetch-site")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403, "this came from another site")
    if fetched is not None and fetched not in ("same-origin", "none"):
        raise HTTPException(403, "this came from another site")


def _require_token(session: Session, posted: Fields) -> None:
    given = posted["csrf"].encode()
    if not hmac.compare_digest(given, session.csrf_token.encode()):
        raise HTTPException(403, "this form is too old: open its page again")


Views = Annotated[Shift, Depends(NeedsRole(Role.VIEWER))]
Edits = Annotated[Shift, Depends(NeedsRole(Role.EDITOR))]
Operates = Annotated[Shift, Depends(NeedsRole(Role.OPERATOR))]
Administers = Annotated[Shift, Depends(NeedsRole(Role.ADMIN))]
