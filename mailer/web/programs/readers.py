"""Subscriptions and suppressions for programs."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mailer.core.addresses import read_address
from mailer.core.api_keys import Scope
from mailer.core.hygiene import clean_header
from mailer.core.locales import read_locale, read_timezone
from mailer.core.readers import Cadence, ReaderState, Wanted
from mailer.errors import InputError
from mailer.flows.add_reader import NewReader, add_confirmed_reader
from mailer.flows.ask_to_subscribe import Answer, Petition, ask_to_subscribe
from mailer.flows.documents import follow_document, reader_document, suppression_document
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.start_following import start_following
from mailer.flows.stop_following import stop_following
from mailer.store.preferences import follows_of
from mailer.store.readers import find_reader, is_suppressed, suppress
from mailer.store.suppressions import lift_suppression, list_suppressions
from mailer.web.programs.calls import Call, Cursor, Document, Limit, Named, allowed, once, page
from mailer.web.visits import Area, ring

router = Area(include_in_schema=True)
Email = Annotated[str, Path(max_length=320)]
Slug = Annotated[str, Path(max_length=200)]


class SubscriptionIn(BaseModel):
    """A follow for a reader. Unless she has `confirmed` elsewhere, she is asked by mail."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)
    newsletter: str = Field(max_length=200)
    expression: str = Field("*", max_length=2000)
    cadence: Cadence = Cadence.DAILY
    confirmed: bool = Field(False, description="She agreed elsewhere: `consent` says to what.")
    consent: str = Field("", max_length=2000)
    name: str = Field("", max_length=200)
    locale: str = Field("en", max_length=35)
    timezone: str = Field("UTC", max_length=64)


@router.post(
    "/subscriptions",
    status_code=201,
    summary="Subscribe a reader",
    tags=["subscriptions"],
    responses={202: {"description": "She was asked by mail, unless that happened lately."}},
)
def subscribe(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_WRITE)],
    wanted: SubscriptionIn,
    name: Named = "",
) -> JSONResponse:
    """Start a follow, or ask the reader to confirm it."""
    asked = wanted.model_dump(mode="json")

    def do() -> tuple[int, Document]:
        address = read_address(wanted.email)
        slug, expression = clean_header(wanted.newsletter), clean_header(wanted.expression, 2000)
        locale, timezone = read_locale(wanted.locale), read_timezone(wanted.timezone)
        desk, now = call.visit.room.desk, call.visit.now
        if not wanted.confirmed:
            petition = Petition(
                address=address,
                newsletter=slug,
                follows=(Wanted(expression, wanted.cadence),),
                locale=locale,
                timezone=timezone,
                client=call.visit.client,
                source=call.actor,
            )
            if ask_to_subscribe(desk, petition, now=now) is Answer.TOO_MANY:
                raise HTTPException(429, "too many requests to confirm: wait some minutes")
            ring(call.visit)
            return 202, {"state": "asked", "email": address.shown}
        consent = clean_header(wanted.consent, 2000)
        if not consent:
            raise InputError("`confirmed` needs `consent`: the words she agreed to, and where")
        new = NewReader(address, clean_header(wanted.name, 100), locale, timezone, consent)
        add_confirmed_reader(desk.database, new, now=now)
        followed = start_following(
            desk.database,
            address.shown,
            slug,
            expression,
            wanted.cadence,
            now=now,
            source=call.actor,
            consent=consent,
        )
        call.record("reader subscribed", f"reader {address.shown}", f"{slug}: {expression}")
        return 201, {
            "state": "following",
            "email": address.shown,
            "newsletter": slug,
            "canonical": followed.canonical,
            "cadence": wanted.cadence,
        }

    return once(call, name, asked, do)


@router.get("/subscriptions/{email}", summary="Show a reader", tags=["subscriptions"])
def show_reader(call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_READ)], email: Email) -> Document:
    """Show a reader with all she follows, ended follows too."""
    address = read_address(email)
    with call.visit.room.desk.database.read() as connection:
        reader = find_reader(connection, address)
        if reader.state is ReaderState.ERASED:
            raise HTTPException(404, "no such reader")
        follows = follows_of(connection, reader.id)
        suppressed = is_suppressed(connection, address)
    return {
        **reader_document(reader),
        "suppressed": suppressed,
        "follows": [follow_document(follow) for follow in follows],
    }


@router.delete("/subscriptions/{email}/{newsletter}", summary="End follows", tags=["subscriptions"])
def unsubscribe(
    call: Annotated[Call, allowed(Scope.SUBSCRIPTIONS_WRITE)],
    email: Email,
    newsletter: Slug,
    expression: Annotated[str, Query(max_length=2000, description="Only this follow.")] = "",
) -> Document:
    """End one follow of a newsletter, or all; again is no change."""
    database = call.visit.room.desk.database
    slug = clean_header(newsletter)
    address = read_address(email)
    with database.read() as connection:
        reader = find_reader(connection, address)
        current = [
            follow
            for follow in follows_of(connection, reader.id)
            if follow.ended_at is None and follow.newsletter == slug
        ]
    if expression:
        stop_following(
            database, reader.email, slug, clean_header(expression, 2000), now=call.visit.now
        )
        ended = 1
    else:
        # The subscription ends, so that a follow whose tag is gone ends as well.
        for subscription_id in {follow.subscription_id for follow in current}:
            leave_mails(
                database, subscription_id, Step.NEWSLETTER, now=call.visit.now, source="api"
            )
        ended = len(current)
    if ended:
        call.record("reader unsubscribed", f"reader {reader.email}", f"{slug}: {ended} follows")
    return {"email": reader.email, "newsletter": slug, "ended": ended}


class SuppressionIn(BaseModel):
    """An address that must get nothing."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)
    reason: str = Field("asked by an operator", min_length=1, max_length=200)
    evidence: str = Field("", max_length=600)


@router.get("/suppressions", summary="List suppressed addresses", tags=["suppressions"])
def list_all(
    call: Annotated[Call, allowed(Scope.SUPPRESSIONS_READ)], cursor: Cursor, limit: Limit = 50
) -> Document:
    """List addresses that get nothing, newest first."""
    with call.visit.room.desk.database.read() as connection:
        rows = list_suppressions(connection, before_id=cursor, limit=limit)
    return page([suppression_document(row) for row in rows], rows[-1].id if rows else None, limit)


@router.post("/suppressions", status_code=201, summary="Suppress an address", tags=["suppressions"])
def add(
    call: Annotated[Call, allowed(Scope.SUPPRESSIONS_WRITE)],
    wanted: SuppressionIn,
    name: Named = "",
) -> JSONResponse:
    """Suppress an address; 200 when it already was."""

    def do() -> tuple[int, Document]:
        address = read_address(wanted.email)
        reason, evidence = clean_header(wanted.reason), clean_header(wanted.evidence, 600)
        if not reason:
            raise InputError("a suppression needs a reason")
        with call.visit.room.desk.database.write() as connection:
            new = suppress(connection, address.key, reason, evidence, call.visit.now)
            row = list_suppressions(connection, email_key=address.key, limit=1)[0]
        if new:
            call.record("address suppressed", f"reader {address.shown}", reason)
        return (201 if new else 200), suppression_document(row)

    return once(call, name, wanted.model_dump(), do)


@router.delete("/suppressions/{email}", summary="Lift a suppression", tags=["suppressions"])
def lift(call: Annotated[Call, allowed(Scope.SUPPRESSIONS_WRITE)], email: Email) -> Document:
    """Let an address have mail again; again is no change."""
    address = read_address(email)
    with call.visit.room.desk.database.write() as connection:
        lifted = lift_suppression(connection, address.key, call.visit.now)
    if lifted:
        call.record("suppression lifted", f"reader {address.shown}")
    return {"email": address.shown, "lifted": lifted}
