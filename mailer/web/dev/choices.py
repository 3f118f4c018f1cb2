"""What is looked at on the bench: it stands in the address, so that no reload loses it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from mailer.core.moments import read_moment
from mailer.core.readers import OF_FOLLOWS, Cadence
from mailer.errors import InputError
from mailer.web.visits import Fields

PANES: Final = ("look", "dark", "text", "headers", "source", "lint", "why")


@dataclass(frozen=True, slots=True)
class Choice:
    """A sample (`mail`), or the mail of a newsletter, cadence, reader and moment.

    `template` stands in for the newsletter's own when it is not empty.
    """

    mail: str = ""
    locale: str = "en"
    newsletter: str = ""
    cadence: str = "daily"
    reader: str = ""
    as_of: str = ""
    template: str = ""
    pane: str = "look"

    @property
    def is_sample(self) -> bool:
        """Whether made-up data are shown."""
        return not self.newsletter

    def query(self, **changes: str) -> str:
        """Return the query of an address, with these changes."""
        changed = replace(self, **changes)
        default = Choice()
        pairs = {
            name: getattr(changed, name)
            for name in self.__slots__
            if getattr(changed, name) != getattr(default, name)
        }
        return urlencode(pairs)

    def address(self, **changes: str) -> str:
        """Return the address of the bench with these changes."""
        query = self.query(**changes)
        return f"/dev/preview?{query}" if query else "/dev/preview"

    def moment(self, now: datetime) -> datetime:
        """Return the moment that is looked at; raises InputError."""
        return read_moment(self.as_of, now)

    def kind(self) -> Cadence:
        """Return the cadence; raises InputError."""
        try:
            return Cadence(self.cadence)
        except ValueError as error:
            raise InputError(f"unknown cadence: use {', '.join(OF_FOLLOWS)}") from error


def read_choice(asked: Fields, first_mail: str) -> Choice:
    """Return what a query chooses; without one, the sample of the first mail."""
    named = {name: asked[name] for name in Choice.__slots__ if asked[name]}
    choice = Choice(**named)
    if choice.pane not in PANES:
        choice = replace(choice, pane=PANES[0])
    return choice if choice.mail or choice.newsletter else replace(choice, mail=first_mail)
