"""Mail a fresh link to preferences, for half an hour, to whoever owns an address.

Known and unknown addresses get the same answer for the same work (S8): one notice is queued for
either. A stranger's says that nothing comes to this address, and is sent once a week at most.
"""

from datetime import datetime, timedelta

from mailer.core.addresses import Address, read_address
from mailer.core.limits import Limit, host_of, network_of
from mailer.core.notices import Link, Occasion
from mailer.core.readers import Reader, ReaderState
from mailer.core.tokens import Purpose
from mailer.flows.ask_to_subscribe import Answer
from mailer.flows.desk import Desk
from mailer.flows.send_notice import NewNotice, send_notice
from mailer.store.database import Connection
from mailer.store.leaving import find_reader_by_id
from mailer.store.limits import forget_full, take
from mailer.store.readers import look_up_reader

LINK_LIFE = timedelta(minutes=30)
_PER_HOST = Limit("link-host", 10, timedelta(minutes=5))
_PER_NETWORK = Limit("link-network", 60, timedelta(minutes=1))
_PER_ADDRESS = Limit("link-address", 3, timedelta(minutes=20))
_PER_STRANGER = Limit("link-stranger", 1, timedelta(days=7))


def mail_link(desk: Desk, address: Address, client: str, locale: str, *, now: datetime) -> Answer:
    """Queue the mail, unless this address got enough of them lately."""
    with desk.database.write() as connection:
        if _take_client(desk, connection, client, now) is not None:
            return Answer.TOO_MANY
        reader = look_up_reader(connection, address)
        subject = desk.signer.keyed_hash(address.key)
        enough = take(connection, [(_PER_ADDRESS, subject)], now)
        stranger = take(connection, [(_PER_STRANGER, subject)], now)
        is_known = reader is not None and reader.state is not ReaderState.ERASED
        if enough is None:
            # A stranger who had his mail of the week costs the same work, which is taken back.
            with connection.begin_nested() as attempt:
                _queue(desk, connection, reader if is_known else None, address, locale, now)
                if not (is_known or stranger is None):
                    attempt.rollback()
    return Answer.TAKEN


def mail_link_to(desk: Desk, reader_id: int, client: str, *, now: datetime) -> Answer:
    """Queue the mail for the reader of an older link."""
    with desk.database.write() as connection:
        if _take_client(desk, connection, client, now) is not None:
            return Answer.TOO_MANY
        reader = find_reader_by_id(connection, reader_id)
        if reader.state is not ReaderState.ERASED:
            address = read_address(reader.email)
            subject = desk.signer.keyed_hash(address.key)
            if take(connection, [(_PER_ADDRESS, subject)], now) is None:
                _queue(desk, connection, reader, address, reader.locale, now)
    return Answer.TAKEN


def _take_client(desk: Desk, connection: Connection, client: str, now: datetime) -> str | None:
    forget_full(connection, now)
    subject = desk.signer.keyed_hash
    limits = [(_PER_HOST, subject(host_of(client))), (_PER_NETWORK, subject(network_of(client)))]
    return take(connection, limits, now)


def _queue(  # noqa: PLR0917 - private, in the order of the story
    desk: Desk,
    connection: Connection,
    reader: Reader | None,
    address: Address,
    locale: str,
    now: datetime,
) -> None:
    key = f"link:{desk.signer.keyed_hash(address.key)}:{now.isoformat()}"
    if reader is None:
        notice = NewNotice(
            Occasion.PREFERENCES_LINK,
            key,
            # Read anew, as a reader's is: it takes a fifth of a millisecond (S8).
            read_address(address.shown),
            locale=locale,
            words={"is_reader": 0},
            links={"preferences": Link(path="/")},
        )
    else:
        signed = Link.signed(Purpose.PREFERENCES, "at", int(now.timestamp()), reader.id)
        notice = NewNotice.to(
            reader,
            Occasion.PREFERENCES_LINK,
            key,
            words={"is_reader": 1},
            links={"preferences": signed},
        )
    send_notice(desk, connection, notice, now=now)
