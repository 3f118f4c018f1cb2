"""Readers of the seeds, as the store has them."""

from mailer.bootstrap import Installation
from mailer.core.addresses import read_address
from mailer.core.readers import Reader
from mailer.core.tokens import Purpose
from mailer.store.leaving import subscriptions_of
from mailer.store.preferences import FollowRecord, follows_of, mutes_of
from mailer.store.readers import find_reader

MINA = "mina.park@example.org"


def reader(room: Installation, email: str = MINA) -> Reader:
    """The reader as she is now."""
    with room.desk.database.read() as connection:
        return find_reader(connection, read_address(email))


def current_follows(room: Installation, email: str = MINA) -> list[FollowRecord]:
    """What she follows now."""
    with room.desk.database.read() as connection:
        found = follows_of(connection, find_reader(connection, read_address(email)).id)
    return [follow for follow in found if follow.ended_at is None]


def follow_names(room: Installation, email: str = MINA) -> set[tuple[str, str, str]]:
    """Newsletter, meaning and cadence of each."""
    return {(f.newsletter, f.canonical, f.cadence.value) for f in current_follows(room, email)}


def current_mutes(room: Installation, email: str = MINA) -> list[str]:
    """What she has muted now."""
    with room.desk.database.read() as connection:
        found = mutes_of(connection, find_reader(connection, read_address(email)).id)
    return [mute.canonical for mute in found if mute.ended_at is None]


def subscription_ids(room: Installation, email: str = MINA) -> list[int]:
    """Her current subscriptions."""
    with room.desk.database.read() as connection:
        found = subscriptions_of(connection, find_reader(connection, read_address(email)).id)
    return [one.id for one in found if one.ended_at is None]


def unsubscribe_path(room: Installation, subscription_id: int) -> str:
    """The link of her mails."""
    return f"/unsubscribe/{room.desk.signer.sign(Purpose.UNSUBSCRIBE, subscription_id)}"
