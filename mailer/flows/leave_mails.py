"""A reader wants less mail: one of the steps down, from one follow to everything."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.core.expressions import canonical, parse
from mailer.core.readers import Cadence
from mailer.errors import InputError
from mailer.flows.change_cadence import change_cadence
from mailer.flows.mute_expression import MOST_MUTES
from mailer.flows.record_change import record_change
from mailer.store.database import Connection, Database
from mailer.store.leaving import end_subscriptions, find_reader_by_id, find_subscription
from mailer.store.preferences import end_follow, follows_of, mutes_of, start_mute
from mailer.store.readers import change_reader
from mailer.store.tags import read_vocabulary

PAUSE = timedelta(days=30)


class Step(StrEnum):
    """How far down."""

    FOLLOW = "follow"
    MUTE = "mute"
    WEEKLY = "weekly"
    PAUSE = "pause"
    NEWSLETTER = "newsletter"
    EVERYTHING = "everything"


_WHAT = {
    Step.FOLLOW: "unfollowed",
    Step.MUTE: "muted",
    Step.WEEKLY: "weekly instead",
    Step.PAUSE: "paused",
    Step.NEWSLETTER: "unsubscribed",
    Step.EVERYTHING: "unsubscribed from everything",
}


@dataclass(frozen=True, slots=True)
class Left:
    """What was done; `change_id` is None when it had been done before."""

    step: Step
    change_id: int | None


def leave_mails(
    database: Database,
    subscription_id: int,
    step: Step,
    *,
    subject: str = "",
    now: datetime,
    source: str,
) -> Left:
    """Go one step down; again is no change.

    A subscription that was ended and began anew has another id: the old link means the new one.
    `subject` names the follow by its id, or the tags to mute as an expression. Raises InputError
    for a subject that cannot be read, NotFoundError for a subscription that never was.
    """
    with database.write() as connection:
        subscription = find_subscription(connection, subscription_id)
        reader_id, newsletter_id = subscription.reader_id, subscription.newsletter_id
        with record_change(
            connection, reader_id, what=_WHAT[step], source=source, now=now
        ) as recording:
            match step:
                case Step.FOLLOW:
                    _end_follow(connection, reader_id, subject, now)
                case Step.MUTE:
                    _mute(connection, reader_id, subject, now, source)
                case Step.WEEKLY:
                    _weekly(connection, reader_id, newsletter_id, now, source)
                case Step.PAUSE:
                    reader = find_reader_by_id(connection, reader_id)
                    if not reader.is_paused(now):
                        change_reader(connection, replace(reader, paused_until_at=now + PAUSE), now)
                case Step.NEWSLETTER:
                    end_subscriptions(
                        connection, reader_id, "unsubscribed", now, newsletter_id=newsletter_id
                    )
                case Step.EVERYTHING:
                    end_subscriptions(connection, reader_id, "unsubscribed", now)
    return Left(step, recording.change_id)


def _end_follow(connection: Connection, reader_id: int, subject: str, now: datetime) -> None:
    for follow in follows_of(connection, reader_id):
        if str(follow.id) == subject and follow.ended_at is None:
            end_follow(connection, follow.id, "unfollowed", now)


def _mute(connection: Connection, reader_id: int, subject: str, now: datetime, source: str) -> None:
    meaning = canonical(parse(subject, read_vocabulary(connection)))
    current = [mute for mute in mutes_of(connection, reader_id) if mute.ended_at is None]
    if len(current) >= MOST_MUTES:
        raise InputError(f"there are {MOST_MUTES} mutes, the most there can be: end one first")
    start_mute(connection, reader_id, expression=subject, canonical=meaning, now=now, source=source)


def _weekly(
    connection: Connection, reader_id: int, newsletter_id: int, now: datetime, source: str
) -> None:
    for follow in follows_of(connection, reader_id):
        is_its = follow.ended_at is None and (
            find_subscription(connection, follow.subscription_id).newsletter_id == newsletter_id
        )
        if is_its and follow.cadence in (Cadence.INSTANT, Cadence.DAILY):
            change_cadence(connection, reader_id, follow, Cadence.WEEKLY, now=now, source=source)
