"""Open the run of a slot."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.core.readers import Cadence
from mailer.core.runs import slot_key
from mailer.core.schedules import Lane
from mailer.errors import InputError
from mailer.store.database import Database
from mailer.store.followers import shard_ends
from mailer.store.newsletters import find_newsletter
from mailer.store.runs import add_run, hold_frontier, run_of_slot

SHARD_READERS = 1000  # A shard is one transaction: about 50 ms of row locks on PostgreSQL.


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """The run of a slot, and whether this call created it."""

    run_id: int
    created: bool


def open_run(
    database: Database,
    newsletter_slug: str,
    cadence: Cadence,
    *,
    as_of: datetime,
    now: datetime,
    identity: str = "",
    lane: Lane | None = None,
    schedule_id: int | None = None,
    shard_readers: int = SHARD_READERS,
) -> OpenedRun:
    """Open the run of a slot, or find it: a slot runs once, whoever asks and how often (I4).

    `identity` names the slot of a schedule; without it newsletter, cadence and moment do. `lane`
    narrows the run to the readers of one timezone and hour.

    Raises InputError when the newsletter has no such cadence, or when `as_of` lies ahead of
    `now`: nothing is sent before its time.
    """
    if as_of > now + timedelta(seconds=1):
        raise InputError(
            f"{as_of.isoformat()} is in the future: 'mailer plan' and 'mailer preview' look ahead, "
            "sending does not"
        )
    with database.write() as connection:
        newsletter = find_newsletter(connection, newsletter_slug)
        if cadence not in newsletter.cadences:
            allowed = ", ".join(newsletter.cadences)
            raise InputError(f"'{newsletter.slug}' has no {cadence} issue: it has {allowed}")
        hold_frontier(connection, moving=True)
        key = identity or slot_key(newsletter.slug, cadence, as_of)
        there = run_of_slot(connection, key)
        if there is not None:
            return OpenedRun(there, created=False)
        run_id = add_run(
            connection,
            slot_key=key,
            newsletter_id=newsletter.id,
            cadence=cadence,
            as_of=as_of,
            now=now,
            zone=lane.text if lane is not None else "",
            schedule_id=schedule_id,
            shard_ends=shard_ends(connection, newsletter.id, shard_readers),
        )
    return OpenedRun(run_id, created=True)
