"""A reader changes what she follows, mutes and prefers: one edit, recorded with its source."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailer.core.clocks import QuietHours
from mailer.core.expressions import canonical, parse
from mailer.core.readers import MailFormat, Newsletter, Reader, Wanted
from mailer.core.tags import Vocabulary
from mailer.errors import InputError, NotFoundError
from mailer.flows.change_cadence import change_cadence
from mailer.flows.keep_follow import keep_follow, read_wanted
from mailer.flows.mute_expression import MOST_MUTES
from mailer.flows.record_change import record_change
from mailer.store.database import Connection, Database
from mailer.store.leaving import find_reader_by_id, subscriptions_of
from mailer.store.newsletters import find_newsletter
from mailer.store.preferences import (
    FollowRecord,
    end_follow,
    end_mute,
    follows_of,
    move_cursors,
    mutes_of,
    start_mute,
)
from mailer.store.readers import change_reader
from mailer.store.tags import read_vocabulary


@dataclass(frozen=True, slots=True)
class AddFollow:
    """Follow one more expression of a newsletter she has subscribed to."""

    newsletter: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class EditFollow:
    """Say a follow anew."""

    follow_id: int
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class EndFollow:
    """Stop a follow."""

    follow_id: int


@dataclass(frozen=True, slots=True)
class AddMute:
    """Mute an expression."""

    expression: str


@dataclass(frozen=True, slots=True)
class EndMute:
    """Hear of it again."""

    mute_id: int


@dataclass(frozen=True, slots=True)
class SetSettings:
    """When, where and how her mails come."""

    locale: str
    timezone: str
    hour: int | None
    format: MailFormat
    quiet: QuietHours | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing until a moment. `fresh`: what comes up until then is never told."""

    until_at: datetime
    fresh: bool


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on now. `fresh`: from now on, without what came up meanwhile."""

    fresh: bool


Edit = AddFollow | EditFollow | EndFollow | AddMute | EndMute | SetSettings | Pause | Resume
_WHAT: dict[type[Edit], str] = {
    AddFollow: "followed",
    EditFollow: "follow changed",
    EndFollow: "unfollowed",
    AddMute: "muted",
    EndMute: "unmuted",
    SetSettings: "settings changed",
    Pause: "paused",
    Resume: "resumed",
}


def change_preferences(
    database: Database, reader_id: int, edit: Edit, *, now: datetime, source: str
) -> int | None:
    """Make one edit and return the change's id; None when nothing changed.

    Raises InputError (or ExpressionError) for what cannot be, NotFoundError for a follow or mute
    that is not hers.
    """
    with database.write() as connection:
        reader = find_reader_by_id(connection, reader_id)
        with record_change(
            connection, reader_id, what=_WHAT[type(edit)], source=source, now=now
        ) as recording:
            _Editor(connection, reader, now, source).make(edit)
    return recording.change_id


class _Editor:
    def __init__(self, connection: Connection, reader: Reader, now: datetime, source: str) -> None:
        self._connection = connection
        self._reader = reader
        self._now = now
        self._source = source

    def make(self, edit: Edit) -> None:
        connection, now = self._connection, self._now
        match edit:
            case AddFollow(slug, wanted):
                self._keep(self._newsletter(slug), wanted)
            case EditFollow(follow_id, wanted):
                self._edit(self._follow(follow_id), wanted)
            case EndFollow(follow_id):
                end_follow(connection, self._follow(follow_id).id, "unfollowed", now)
            case AddMute(expression):
                self._mute(expression)
            case EndMute(mute_id):
                if mute_id not in {mute.id for mute in mutes_of(connection, self._reader.id)}:
                    raise NotFoundError(f"she has no mute {mute_id}")
                end_mute(connection, mute_id, now)
            case SetSettings(locale, timezone, hour, form, quiet):
                changed = replace(
                    self._reader,
                    locale=locale,
                    timezone=timezone,
                    hour=hour,
                    format=form,
                    quiet=quiet,
                )
                change_reader(connection, changed, now)
            case Pause(until_at, fresh):
                self._pause(until_at, fresh=fresh)
            case Resume(fresh):
                self._resume(fresh=fresh)

    def _keep(
        self, newsletter: Newsletter, wanted: Wanted, cursor_at: datetime | None = None
    ) -> None:
        keep_follow(
            self._connection,
            self._reader,
            newsletter,
            self._vocabulary(),
            wanted,
            now=self._now,
            source=self._source,
            cursor_at=cursor_at,
        )

    def _edit(self, follow: FollowRecord, wanted: Wanted) -> None:
        newsletter = find_newsletter(self._connection, follow.newsletter)
        meaning, _ = read_wanted(wanted, newsletter, self._vocabulary())
        if meaning == follow.canonical:
            change_cadence(
                self._connection,
                self._reader.id,
                follow,
                wanted.cadence,
                now=self._now,
                source=self._source,
            )
            return
        end_follow(self._connection, follow.id, "changed", self._now)
        # From where the old one stood: what it had not told yet is asked again (I2).
        self._keep(newsletter, wanted, follow.cursor_at)

    def _mute(self, expression: str) -> None:
        meaning = canonical(parse(expression, self._vocabulary()))
        current = [m for m in mutes_of(self._connection, self._reader.id) if m.ended_at is None]
        if len(current) >= MOST_MUTES:
            raise InputError(f"there are {MOST_MUTES} mutes, the most there can be: end one first")
        start_mute(
            self._connection,
            self._reader.id,
            expression=expression.strip(),
            canonical=meaning,
            now=self._now,
            source=self._source,
        )

    def _pause(self, until_at: datetime, *, fresh: bool) -> None:
        if until_at <= self._now:
            raise InputError("a pause must end in the future")
        paused = replace(self._reader, paused_until_at=until_at)
        change_reader(self._connection, paused, self._now)
        if fresh:
            # Their next window begins where the pause ends.
            move_cursors(self._connection, self._reader.id, until_at, older=True)

    def _resume(self, *, fresh: bool) -> None:
        if not self._reader.is_paused(self._now):
            return
        # Kept, not cleared: the first issue after it catches up (core.digests.gather).
        resumed = replace(self._reader, paused_until_at=self._now)
        change_reader(self._connection, resumed, self._now)
        move_cursors(self._connection, self._reader.id, self._now, older=fresh)

    def _follow(self, follow_id: int) -> FollowRecord:
        for follow in follows_of(self._connection, self._reader.id):
            if follow.id == follow_id and follow.ended_at is None:
                return follow
        raise NotFoundError(f"she has no follow {follow_id}")

    def _newsletter(self, slug: str) -> Newsletter:
        newsletter = find_newsletter(self._connection, slug)
        current = subscriptions_of(self._connection, self._reader.id)
        if not any(s.newsletter_id == newsletter.id and s.ended_at is None for s in current):
            # Consent to a newsletter is given by mail, not here.
            raise InputError(f"she has no subscription to {slug}: subscribe to it first")
        return newsletter

    def _vocabulary(self) -> Vocabulary:
        return read_vocabulary(self._connection)
