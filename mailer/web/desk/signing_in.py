"""Signing in and out, the first password, and one's own account."""

import secrets

from starlette.responses import Response

from mailer.core.operators import SESSION_LIFE
from mailer.core.second_factor import SECRET_CHARACTERS, enrolment_link, matching_step
from mailer.errors import InputError
from mailer.flows.set_password import change_own_password, set_password_by_link, whose_link
from mailer.flows.sign_in import TooManyTries, confirm_password, sign_in
from mailer.store.operator_sessions import confirm_session, end_session
from mailer.store.operators import change_operator_row, secrets_of
from mailer.web.desk.shifts import (
    SIGN_IN,
    Views,
    cookie_name,
    require_same_origin,
    session_of,
)
from mailer.web.visits import Area, Asked, Posted, Visit, Visiting

router = Area(prefix="/operate")
_HEADERS = {"Referrer-Policy": "same-origin"}


@router.get("/sign-in")
def ask(visit: Visiting, asked: Asked) -> Response:
    """Show the sign-in."""
    return _form(visit, _next(asked["next"]))


@router.post("/sign-in")
def enter(visit: Visiting, posted: Posted) -> Response:
    """Sign in; the page says nothing about what was wrong."""
    require_same_origin(visit.request)
    following = _next(posted["next"])
    try:
        signed = sign_in(
            visit.room.desk.database,
            posted["email"],
            posted["password"],
            posted["code"],
            address=visit.client,
            now=visit.now,
        )
    except InputError as error:
        status = 429 if isinstance(error, TooManyTries) else 422
        return _form(visit, following, error=str(error), email=posted["email"], status=status)
    answer = visit.go(following)
    answer.set_cookie(
        cookie_name(visit),
        signed.token,
        max_age=int(SESSION_LIFE.total_seconds()),
        secure=cookie_name(visit).startswith("__Host"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-out")
def leave(shift: Views) -> Response:
    """End this session."""
    visit = shift.visit
    with shift.database.write() as connection:
        end_session(connection, shift.session.id, "signed out", visit.now)
    answer = visit.go(SIGN_IN)
    answer.delete_cookie(
        cookie_name(visit), secure=cookie_name(visit).startswith("__Host"), httponly=True
    )
    return answer


@router.get("/welcome/{token}")
def welcome(visit: Visiting, token: str) -> Response:
    """Show the form for a first password; opening the link uses nothing up."""
    operator = whose_link(visit.room.desk.database, token[:100], now=visit.now)
    return _welcome(visit, operator.email)


@router.post("/welcome/{token}")
def set_first(visit: Visiting, token: str, posted: Posted) -> Response:
    """Set the password; the link is then used up."""
    require_same_origin(visit.request)
    database = visit.room.desk.database
    operator = whose_link(database, token[:100], now=visit.now)
    try:
        if posted["password"] != posted["again"]:
            raise InputError("the two passwords differ")
        set_password_by_link(
            database, token[:100], posted["password"], address=visit.client, now=visit.now
        )
    except InputError as error:
        return _welcome(visit, operator.email, error=str(error), status=422)
    return visit.go(SIGN_IN)


@router.get("/account")
def account(shift: Views) -> Response:
    """Show one's own account."""
    return shift.page("account.html", error="", secret="", link="")


@router.post("/account/confirm")
def confirm(shift: Views, posted: Posted) -> Response:
    """Give the password again: for a while what is grave may be done."""
    confirm_password(
        shift.database,
        shift.operator.email,
        posted["password"],
        address=shift.visit.client,
        now=shift.visit.now,
    )
    with shift.database.write() as connection:
        confirm_session(connection, shift.session.id, shift.visit.now)
    return shift.go("/operate/account", "Password confirmed for a quarter of an hour")


@router.post("/account/password")
def change(shift: Views, posted: Posted) -> Response:
    """Change the password; all sessions end, this one too."""
    try:
        if posted["password"] != posted["again"]:
            raise InputError("the two passwords differ")
        change_own_password(
            shift.database,
            shift.operator,
            posted["old"],
            posted["password"],
            address=shift.visit.client,
            now=shift.visit.now,
        )
    except InputError as error:
        return shift.page("account.html", status=422, error=str(error), secret="", link="")
    return shift.visit.go(SIGN_IN)


@router.post("/account/code")
def enrol(shift: Views, posted: Posted) -> Response:
    """Set up one-time codes: first show a secret, then take it once a code of it fits."""
    shift.require_fresh()
    secret, code = posted["secret"], posted["code"]
    error = ""
    if len(secret) == 32 and set(secret) <= set(SECRET_CHARACTERS):
        step = matching_step(secret, code, shift.visit.now, 0)
        if step is not None:
            with shift.database.write() as connection:
                secrets_of(connection, shift.operator.id)
                change_operator_row(
                    connection, shift.operator.id, totp_secret=secret, totp_step=step
                )
            shift.record("second factor set", shift.operator.email)
            return shift.go("/operate/account", "One-time codes are on")
        error = "the code does not fit: check the clock of your telephone"
    else:
        secret = "".join(secrets.choice(SECRET_CHARACTERS) for _ in range(32))
    link = enrolment_link(secret, shift.operator.email, shift.visit.room.settings.site_name)
    status = 422 if error else 200
    return shift.page("account.html", status=status, error=error, secret=secret, link=link)


def _form(
    visit: Visit, following: str, *, error: str = "", email: str = "", status: int = 200
) -> Response:
    if session_of(visit) is not None and not error:
        return visit.go(following)
    return visit.page(
        "operate/sign_in.html",
        status=status,
        headers=_HEADERS,
        following=following,
        error=error,
        email=email[:320],
    )


def _welcome(visit: Visit, email: str, *, error: str = "", status: int = 200) -> Response:
    return visit.page(
        "operate/welcome.html", status=status, headers=_HEADERS, email=email, error=error
    )


def _next(path: str) -> str:
    """Return where to go after signing in: a page of the desk, and no other (S18)."""
    return path if path == "/operate" or path.startswith("/operate/") else "/operate"
