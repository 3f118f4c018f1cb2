"""Requests to move to another address, until the new one agrees."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mailer.core.addresses import Address
from mailer.errors import NotFoundError
from mailer.store.reader_tables import address_requests as requests


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """One request; `email` is the new address."""

    id: int
    reader_id: int
    email: str
    confirmed_at: datetime | None


def add_address_request(
    connection: Connection, reader_id: int, address: Address, now: datetime
) -> int:
    """Add a request and return its id."""
    added: int = connection.execute(
        insert(requests)
        .values(reader_id=reader_id, email=address.shown, email_key=address.key, requested_at=now)
        .returning(requests.c.id)
    ).scalar_one()
    return added


def find_address_request(
    connection: Connection, request_id: int, *, lock: bool = False
) -> AddressRequest:
    """Return a request; raises NotFoundError when it is not there, or was erased."""
    query = select(requests).where(requests.c.id == request_id, requests.c.email != "")
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"no request {request_id} to change an address")
    return AddressRequest(row.id, row.reader_id, row.email, row.confirmed_at)


def confirm_address_request(connection: Connection, request_id: int, now: datetime) -> None:
    """Record when the new address agreed."""
    connection.execute(update(requests).where(requests.c.id == request_id).values(confirmed_at=now))
