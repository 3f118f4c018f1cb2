"""Add a reader who agreed elsewhere, in words that are kept."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.addresses import Address
from mailer.core.readers import MailFormat, Reader, ReaderState
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.readers import add_reader, change_reader, look_up_reader


@dataclass(frozen=True, slots=True)
class NewReader:
    """Who she is, and the words she agreed to."""

    address: Address
    name: str
    locale: str
    timezone: str
    consent: str


def add_confirmed_reader(database: Database, new: NewReader, *, now: datetime) -> bool:
    """Add her confirmed, or confirm her who is there; False when she was confirmed before.

    Nothing else of a reader who is there is changed. Raises InputError for one who was erased.
    """
    with database.write() as connection:
        there = look_up_reader(connection, new.address)
        if there is None:
            reader = Reader(
                id=0,
                email=new.address.shown,
                email_key=new.address.key,
                name=new.name,
                state=ReaderState.CONFIRMED,
                locale=new.locale,
                timezone=new.timezone,
                hour=None,
                format=MailFormat.HTML,
            )
            add_reader(connection, reader, now, new.consent)
            return True
        if there.state is ReaderState.ERASED:
            raise InputError("this reader was erased: she can only subscribe again herself")
        if there.state is ReaderState.CONFIRMED:
            return False
        change_reader(connection, replace(there, state=ReaderState.CONFIRMED), now)
    return True
