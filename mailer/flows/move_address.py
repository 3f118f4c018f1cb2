"""A reader moves to another address: asked at the new one, told at the old one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.addresses import Address, read_address
from mailer.core.limits import Limit
from mailer.core.notices import Link, Occasion
from mailer.core.readers import Reader, ReaderState
from mailer.core.tokens import Purpose
from mailer.errors import InputError, NotFoundError
from mailer.flows.ask_to_subscribe import PER_ADDRESS
from mailer.flows.desk import Desk
from mailer.flows.record_change import record_change
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.store.address_requests import (
    AddressRequest,
    add_address_request,
    confirm_address_request,
    find_address_request,
)
from mailer.store.database import Connection
from mailer.store.leaving import find_reader_by_id
from mailer.store.limits import take
from mailer.store.readers import change_address, look_up_reader

MOVE_LIFE = timedelta(days=1)
_PER_READER = Limit("move-reader", 3, timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was asked for; `is_done` once the new address agreed."""

    reader: Reader
    address: str
    is_done: bool


def ask_to_move(desk: Desk, reader_id: int, address: Address, *, now: datetime) -> None:
    """Ask at the new address; whether somebody has it already is not told here (S8)."""
    with desk.database.write() as connection:
        reader = find_reader_by_id(connection, reader_id)
        if address.key == reader.email_key:
            return
        request_id = add_address_request(connection, reader_id, address, now)
        limits = [
            (_PER_READER, str(reader_id)),
            (PER_ADDRESS, desk.signer.keyed_hash(address.key)),
        ]
        if take(connection, limits, now) is not None:
            return
        signed = Link.signed(Purpose.ADDRESS, "at", int(now.timestamp()), request_id)
        notice = NewNotice(
            occasion=Occasion.ADDRESS_CONFIRMATION,
            key=f"move:{request_id}",
            address=address,
            locale=reader.locale,
            timezone=reader.timezone,
            format=reader.format,
            reader_id=reader.id,
            links={"confirm": signed},
        )
        send_notice(desk, connection, notice, now=now)


def read_move(desk: Desk, request_id: int) -> Move:
    """Return what there is to agree to; raises NotFoundError."""
    with desk.database.read() as connection:
        return _move(connection, find_address_request(connection, request_id))


def move_address(desk: Desk, request_id: int, *, now: datetime) -> Move:
    """Move, and tell the old address; again is no change.

    Raises InputError when another reader has the new address, NotFoundError when the reader was
    erased meanwhile.
    """
    with desk.database.write() as connection:
        request = find_address_request(connection, request_id, lock=True)
        move = _move(connection, request)
        if move.is_done:
            return move
        address = read_address(request.email)
        holder = look_up_reader(connection, address)
        if holder is not None and holder.id != request.reader_id:
            raise InputError("this address has a subscription of its own: end that one first")
        old = read_address(move.reader.email)
        with record_change(
            connection, request.reader_id, what="address changed", source="address mail", now=now
        ):
            change_address(connection, request.reader_id, address)
        confirm_address_request(connection, request_id, now)
        told = NewNotice(
            occasion=Occasion.ADDRESS_CHANGED,
            key=f"moved:{request_id}",
            address=old,
            locale=move.reader.locale,
            timezone=move.reader.timezone,
            format=move.reader.format,
            reader_id=move.reader.id,
            links={"preferences": Link(path="/preferences")},
        )
        send_notice(desk, connection, told, now=now)
    return Move(move.reader, address.shown, is_done=True)


def _move(connection: Connection, request: AddressRequest) -> Move:
    reader = find_reader_by_id(connection, request.reader_id)
    if reader.state is ReaderState.ERASED:
        raise NotFoundError("this reader was erased")
    return Move(reader, request.email, request.confirmed_at is not None)
