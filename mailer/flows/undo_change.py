"""Undo a change: choices stand again as before it; what came since is left alone."""

from dataclasses import replace
from datetime import datetime, timedelta

from mailer.core.choices import Choices, ChosenFollow
from mailer.core.clocks import read_quiet
from mailer.core.readers import Cadence, MailFormat
from mailer.flows.record_change import record_change
from mailer.store.database import Connection, Database
from mailer.store.leaving import end_subscriptions, find_reader_by_id, subscriptions_of
from mailer.store.preferences import (
    end_follow,
    end_mute,
    ensure_subscription,
    follows_of,
    mutes_of,
    set_cursor,
    start_follow,
    start_mute,
)
from mailer.store.reader_changes import find_change, read_choices
from mailer.store.readers import change_reader

UNDO_LIFE = timedelta(days=30)
_SETTINGS = ("locale", "timezone", "hour", "format", "quiet", "paused_until_at")


def undo_change(
    database: Database, change_id: int, reader_id: int, *, now: datetime, source: str
) -> bool:
    """Undo, and say whether anything changed; again is no change.

    Follows come back with the cursor they had: stories that came in between are told, those she
    got in between are not told again (I1, I2). An address is never undone: the mails about it
    lead to its own page. Raises NotFoundError when the reader has no such change.
    """
    with database.write() as connection:
        change = find_change(connection, change_id, reader_id)
        with record_change(
            connection, reader_id, what=f"undone: {change.what}", source=source, now=now
        ) as recording:
            _restore(connection, reader_id, change.before, change.after, now, source)
    return recording.change_id is not None


def _restore(  # noqa: PLR0917 - private, in the order of the story
    connection: Connection,
    reader_id: int,
    before: Choices,
    after: Choices,
    now: datetime,
    source: str,
) -> None:
    current = read_choices(connection, reader_id)
    _restore_settings(connection, reader_id, before, after, current, now)
    for newsletter_id in set(after.subscriptions) - set(before.subscriptions):
        end_subscriptions(connection, reader_id, "undone", now, newsletter_id=newsletter_id)
    consents = {s.newsletter_id: s.consent for s in subscriptions_of(connection, reader_id)}
    subscription_of = {
        newsletter_id: ensure_subscription(
            connection,
            reader_id,
            newsletter_id,
            source=source,
            consent=consents.get(newsletter_id, ""),
            now=now,
        )
        for newsletter_id in before.subscriptions
    }
    _restore_follows(connection, reader_id, before, after, subscription_of, now, source)
    kept = {meaning for _, meaning in before.mutes}
    made = {meaning for _, meaning in after.mutes}
    for mute in mutes_of(connection, reader_id):
        if mute.ended_at is None and mute.canonical in made - kept:
            end_mute(connection, mute.id, now)
    for text, meaning in before.mutes:
        if meaning not in made:
            start_mute(
                connection, reader_id, expression=text, canonical=meaning, now=now, source=source
            )


def _restore_settings(  # noqa: PLR0917 - as above
    connection: Connection,
    reader_id: int,
    before: Choices,
    after: Choices,
    current: Choices,
    now: datetime,
) -> None:
    back = {
        name: getattr(before, name)
        for name in _SETTINGS
        # Only what this change set, and nobody has set again since.
        if getattr(before, name) != getattr(after, name) == getattr(current, name)
    }
    if not back:
        return
    if "quiet" in back:
        back["quiet"] = read_quiet(back["quiet"])
    if "format" in back:
        back["format"] = MailFormat(back["format"])
    reader = find_reader_by_id(connection, reader_id)
    change_reader(connection, replace(reader, **back), now)


def _restore_follows(  # noqa: PLR0917 - as above
    connection: Connection,
    reader_id: int,
    before: Choices,
    after: Choices,
    subscription_of: dict[int, int],
    now: datetime,
    source: str,
) -> None:
    wanted = {_name(follow): follow for follow in before.follows}
    made = {_name(follow) for follow in after.follows} - set(wanted)
    newsletter_of = {s.id: s.newsletter_id for s in subscriptions_of(connection, reader_id)}
    moved = {
        _name(follow): wanted[_name(follow)].cursor_at
        for follow in after.follows
        if _name(follow) in wanted and wanted[_name(follow)].cursor_at != follow.cursor_at
    }
    there = set()
    for follow in follows_of(connection, reader_id):
        if follow.ended_at is not None:
            continue
        name = (newsletter_of[follow.subscription_id], follow.canonical, follow.cadence.value)
        if name in made:
            end_follow(connection, follow.id, "undone", now)
            continue
        there.add(name)
        if name in moved and moved[name] < follow.cursor_at:
            # A pause had put it where the news begins again.
            set_cursor(connection, follow.id, moved[name])
    for name, chosen in wanted.items():
        if name in there or chosen.newsletter_id not in subscription_of:
            continue
        start_follow(
            connection,
            subscription_of[chosen.newsletter_id],
            expression=chosen.expression,
            canonical=chosen.canonical,
            cadence=Cadence(chosen.cadence),
            now=now,
            cursor_at=chosen.cursor_at,
            source=source,
        )


def _name(follow: ChosenFollow) -> tuple[int, str, str]:
    return follow.newsletter_id, follow.canonical, follow.cadence
