"""What the page of preferences can do: one function for each of its buttons."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from starlette.exceptions import HTTPException

from mailer.core.addresses import read_address
from mailer.core.clocks import read_quiet, zone_named
from mailer.core.locales import read_hour, read_locale, read_timezone
from mailer.core.readers import Cadence, MailFormat, Reader, Wanted
from mailer.errors import InputError
from mailer.flows.change_preferences import (
    AddFollow,
    AddMute,
    Edit,
    EditFollow,
    EndFollow,
    EndMute,
    Pause,
    Resume,
    SetSettings,
    change_preferences,
)
from mailer.flows.erase_reader import erase_reader
from mailer.flows.export_reader import mail_export
from mailer.flows.leave_mails import Step, leave_mails
from mailer.flows.move_address import ask_to_move
from mailer.store.leaving import find_subscription
from mailer.web.visits import Fields, Visit, ring

_SOURCE = "preferences page"
_LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Done:
    """What the page says next: a word it knows, or another page altogether."""

    word: str = ""
    change_id: int | None = None
    page: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One press of a button."""

    visit: Visit
    reader: Reader
    fields: Fields

    def change(self, edit: Edit, word: str = "saved") -> Done:
        """Make one edit, and say so by a word the page knows."""
        change_id = change_preferences(
            self.visit.room.desk.database,
            self.reader.id,
            edit,
            now=self.visit.now,
            source=_SOURCE,
        )
        return Done(word if change_id else "same", change_id)

    def wanted(self) -> Wanted:
        """Return the follow the form describes; raises InputError."""
        try:
            cadence = Cadence(self.fields["cadence"])
        except ValueError as error:
            raise InputError("choose how often it shall come") from error
        if not self.fields["expression"]:
            raise InputError("write what you want to follow")
        return Wanted(self.fields["expression"], cadence)

    def number(self, name: str) -> int:
        """Return an id the page has written into the form itself."""
        text = self.fields[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise HTTPException(422)
        return int(text)


def _edit_follow(work: Work) -> Done:
    return work.change(EditFollow(work.number("id"), work.wanted()))


def _end_follow(work: Work) -> Done:
    return work.change(EndFollow(work.number("id")))


def _add_follow(work: Work) -> Done:
    return work.change(AddFollow(work.fields["newsletter"], work.wanted()))


def _add_mute(work: Work) -> Done:
    return work.change(AddMute(work.fields["expression"]))


def _end_mute(work: Work) -> Done:
    return work.change(EndMute(work.number("id")))


def _set_settings(work: Work) -> Done:
    fields = work.fields
    quiet = f"{fields['quiet_start']}-{fields['quiet_end']}"
    return work.change(
        SetSettings(
            locale=read_locale(fields["locale"]),
            timezone=read_timezone(fields["timezone"]),
            hour=read_hour(fields["hour"]) if fields["hour"] else None,
            format=MailFormat.TEXT if fields["format"] == MailFormat.TEXT else MailFormat.HTML,
            quiet=read_quiet(quiet) if quiet != "-" else None,
        )
    )


def _pause(work: Work) -> Done:
    zone = zone_named(work.reader.timezone)
    try:
        on = datetime.fromisoformat(work.fields["until"]).date()
    except ValueError as error:
        raise InputError("write the day until which nothing shall come") from error
    # By days first: the first and the last day of the calendar have no instant in some zones.
    if abs(on - work.visit.now.date()) > _LONGEST_PAUSE + timedelta(days=2):
        raise InputError("a pause ends on a day to come, within a year")
    until_at = datetime.combine(on, time(0), zone).astimezone(UTC)
    if not work.visit.now < until_at <= work.visit.now + _LONGEST_PAUSE:
        raise InputError("a pause ends on a day to come, within a year")
    return work.change(Pause(until_at, work.fields["after"] == "fresh"), "paused")


def _resume(work: Work) -> Done:
    return work.change(Resume(work.fields["after"] == "fresh"), "resumed")


def _unsubscribe(work: Work) -> Done:
    subscription_id = work.number("id")
    with work.visit.room.desk.database.read() as connection:
        if find_subscription(connection, subscription_id).reader_id != work.reader.id:
            raise HTTPException(404)
    left = leave_mails(
        work.visit.room.desk.database,
        subscription_id,
        Step.NEWSLETTER,
        now=work.visit.now,
        source=_SOURCE,
    )
    return Done("unsubscribed", left.change_id)


def _change_address(work: Work) -> Done:
    address = read_address(work.fields["email"])
    ask_to_move(work.visit.room.desk, work.reader.id, address, now=work.visit.now)
    ring(work.visit)
    return Done("address")


def _export(work: Work) -> Done:
    mail_export(work.visit.room.desk, work.reader.id, now=work.visit.now)
    ring(work.visit)
    return Done("export")


def _erase(work: Work) -> Done:
    if work.fields["sure"] != "yes":
        raise InputError("tick the box to say that you are sure")
    erase_reader(work.visit.room.desk, work.reader.id, now=work.visit.now)
    return Done(page="erased.html")


ACTIONS: dict[str, Callable[[Work], Done]] = {
    "follow": _edit_follow,
    "unfollow": _end_follow,
    "add-follow": _add_follow,
    "mute": _add_mute,
    "unmute": _end_mute,
    "settings": _set_settings,
    "pause": _pause,
    "resume": _resume,
    "unsubscribe": _unsubscribe,
    "address": _change_address,
    "export": _export,
    "erase": _erase,
}
