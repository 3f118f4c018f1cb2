"""Requests to subscribe: what somebody asked for, until the owner of the address says yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from mailer.core.readers import Cadence, Wanted
from mailer.errors import NotFoundError
from mailer.store.reader_tables import subscription_requests as requests

# S5: over all newsletters, so that a form cannot be made to fill a stranger's mailbox.
MOST_A_DAY = 1
MOST_A_MONTH = 3
_DAY = timedelta(days=1)
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """One request. `email` is empty once the reader was erased."""

    id: int
    email: str
    newsletter_id: int
    follows: tuple[Wanted, ...]
    locale: str
    timezone: str
    consent: str
    source: str
    requested_at: datetime
    confirmed_at: datetime | None


def add_request(
    connection: Connection, request: SubscriptionRequest, email_key: str, *, is_mailed: bool
) -> int:
    """Add a request (its `id` is not looked at) and return the id."""
    added: int = connection.execute(
        insert(requests)
        .values(
            email=request.email,
            email_key=email_key,
            newsletter_id=request.newsletter_id,
            follows=[[wanted.expression, wanted.cadence.value] for wanted in request.follows],
            locale=request.locale,
            timezone=request.timezone,
            consent=request.consent,
            source=request.source,
            requested_at=request.requested_at,
            mailed_at=request.requested_at if is_mailed else None,
        )
        .returning(requests.c.id)
    ).scalar_one()
    return added


def may_be_mailed(connection: Connection, email_key: str, now: datetime) -> bool:
    """Say whether one more confirmation may go to this address."""
    lately = requests.c.email_key == email_key
    counts = [
        connection.scalar(select(func.count()).where(lately, requests.c.mailed_at > now - period))
        for period in (_DAY, _MONTH)
    ]
    return (counts[0] or 0) < MOST_A_DAY and (counts[1] or 0) < MOST_A_MONTH


def find_request(
    connection: Connection, request_id: int, *, lock: bool = False
) -> SubscriptionRequest:
    """Return a request; raises NotFoundError when it is not there, or no more.

    With `lock` all requests of its address are held: two confirmed at once make one reader.
    """
    query = select(requests).where(requests.c.id == request_id, requests.c.email != "")
    if lock:
        key = select(requests.c.email_key).where(requests.c.id == request_id).scalar_subquery()
        siblings = select(requests.c.id).where(requests.c.email_key == key)
        connection.execute(siblings.order_by(requests.c.id).with_for_update())
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"no request {request_id} to subscribe: it was erased, or never made")
    return _request(row)


def confirm_request(connection: Connection, request_id: int, now: datetime) -> None:
    """Record when the owner of the address said yes."""
    connection.execute(update(requests).where(requests.c.id == request_id).values(confirmed_at=now))


def _request(row: Row[Any]) -> SubscriptionRequest:
    return SubscriptionRequest(
        id=row.id,
        email=row.email,
        newsletter_id=row.newsletter_id,
        follows=tuple(Wanted(text, Cadence(cadence)) for text, cadence in row.follows),
        locale=row.locale,
        timezone=row.timezone,
        consent=row.consent,
        source=row.source,
        requested_at=row.requested_at,
        confirmed_at=row.confirmed_at,
    )
