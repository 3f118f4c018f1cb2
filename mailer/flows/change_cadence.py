"""Change the cadence of a follow within a transaction; no story is repeated and none is lost."""

from datetime import datetime

from mailer.core.readers import Cadence
from mailer.store.database import Connection
from mailer.store.preferences import FollowRecord, end_follow, follows_of, start_follow


def change_cadence(
    connection: Connection,
    reader_id: int,
    follow: FollowRecord,
    cadence: Cadence,
    *,
    now: datetime,
    source: str,
) -> None:
    """End the follow and start the same at another cadence, from the same cursor on (I2).

    Where she follows the same at that cadence already, that one takes the older cursor over.
    The caller holds the reader's row.
    """
    if follow.cadence is cadence:
        return
    same = [
        other
        for other in follows_of(connection, reader_id)
        if other.ended_at is None
        and other.subscription_id == follow.subscription_id
        and other.canonical == follow.canonical
    ]
    start = min(other.cursor_at for other in same)
    for other in same:
        end_follow(connection, other.id, f"cadence changed to {cadence}", now)
    start_follow(
        connection,
        follow.subscription_id,
        expression=follow.expression,
        canonical=follow.canonical,
        cadence=cadence,
        now=now,
        cursor_at=start,
        source=source,
    )
