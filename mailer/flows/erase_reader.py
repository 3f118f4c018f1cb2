"""Erase a reader from every table; her suppression stays under a keyed hash (S24)."""

from datetime import datetime

from mailer.core.readers import ReaderState
from mailer.flows.desk import Desk
from mailer.store.leaving import end_subscriptions, find_reader_by_id
from mailer.store.preferences import end_mute, mutes_of
from mailer.store.reader_records import erase_records
from mailer.store.readers import lock_reader


def erase_reader(desk: Desk, reader_id: int, *, now: datetime) -> bool:
    """Erase, and say whether she was there to be erased; again is no change.

    Her mails stay in the ledger as numbers: no address, no name, no reply of a server. Mails of
    hers that are still queued are withheld, as for anybody who has not confirmed. Raises
    NotFoundError for a reader who never was.
    """
    with desk.database.write() as connection:
        lock_reader(connection, reader_id)
        reader = find_reader_by_id(connection, reader_id)
        if reader.state is ReaderState.ERASED:
            return False
        end_subscriptions(connection, reader_id, "erased", now)
        for mute in mutes_of(connection, reader_id):
            end_mute(connection, mute.id, now)
        erase_records(connection, reader, desk.signer.keyed_hash(reader.email_key), now)
    return True
